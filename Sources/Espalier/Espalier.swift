/// Espalier for Swift programs: `import Espalier` gives everything that the C and Fortran interfaces give, and nothing else. What
/// only the library needs has access level `package`; the arguments of kernels are public where they are declared, because
/// they are inlined into other modules, and are not exported here.
@_exported import Base
@_exported import Graphs
@_exported import Layers
@_exported import Machine
@_exported import Network
@_exported import Optimizers
@_exported import Pruning
@_exported import Sparse
@_exported import Topology

@_exported import enum KernelInterface.Activation
@_exported import enum KernelInterface.LossKind
