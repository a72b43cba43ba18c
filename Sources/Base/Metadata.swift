/// Have the Swift runtime make the metadata of a type now, at construction. It allocates at first use, which for some types
/// would be in the first training step: where a value's copy or end goes through code that many types share.
@inline(never)
@_optimize(none)
package func prepare(_ type: Any.Type) {}
