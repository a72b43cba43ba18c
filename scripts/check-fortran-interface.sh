#!/bin/bash
# Prove that the Fortran interfaces are the header's functions, one to one: same names, same arguments in the same order,
# each of the same type and passed the same way; and that the constants are the same.
set -euo pipefail
cd "$(dirname "$0")/.."

# A line a function: name result argument:type:passing ..., passing being value, in (const pointer) or out (pointer).
from_header() {
  sed -E 's|/\*|\n&|g; s|\*/|&\n|g' include/espalier.h | awk '
    /^\/\*/ { comment = 1 }
    !comment && !/^#/ { text = text " " $0 }
    /\*\/$/ { comment = 0 }
    END {
      gsub(/enum *\{[^}]*\} *;/, "", text)
      count = split(text, statements, ";")
      for (i = 1; i <= count; i++)
        if (match(statements[i], /espalier_[a-z0-9_]+ *\(/) && statements[i] !~ /typedef/) {
          name = substr(statements[i], RSTART, RLENGTH)
          sub(/ *\(/, "", name)
          before = substr(statements[i], 1, RSTART - 1)
          arguments = substr(statements[i], RSTART + RLENGTH)
          sub(/\) *$/, "", arguments)
          line = name " " (before ~ /\*/ ? "pointer" : "int")
          n = split(arguments, list, ",")
          for (j = 1; j <= n; j++) if (list[j] !~ /^ *void *$/) line = line " " argument(list[j])
          print line
        }
    }
    function argument(text,    name, stars, type) {
      name = text; sub(/.*[ *]/, "", name)
      stars = gsub(/\*/, "*", text)
      type = text; gsub(/const|\*/, "", type); sub(/^ */, "", type); sub(/ .*/, "", type)
      if (type ~ /^espalier_(progress|score_|reduction_|densities)/) return name ":function:value"
      if (type ~ /^espalier_[a-z]+_info$/) return name ":" type ":" (text ~ /const/ ? "in" : "out")
      if (type ~ /^espalier_/ || type == "void") return name ":pointer:" (stars == 2 ? "out" : "value")
      if (text ~ /\*const \*/) return name ":pointer:in"
      if (stars == 2) return name ":pointer:out"
      if (stars == 0) return name ":" type ":value"
      return name ":" type ":" (text ~ /const/ ? "in" : "out")
    }'
}

from_fortran() {
  cat fortran/espalier_c*.f90 | sed -E 's/!.*//' | awk '
    { line = line $0
      if (line ~ /&[ ]*$/) { sub(/&[ ]*$/, "", line); next }
      statement(line); line = "" }
    function statement(s,    n, i, list, attributes, names, type, how) {
      if (s ~ /abstract interface/) { abstract = 1 }
      if (s ~ /end interface/) { abstract = 0 }
      if (abstract) return
      if (s ~ /^ *(integer\(c_int\)|type\(c_ptr\)) function/) {
        result = s ~ /^ *type/ ? "pointer" : "int"
        name = s; sub(/.*function */, "", name); sub(/\(.*/, "", name)
        arguments = s; sub(/[^(]*\(c_[a-z]*\)[^(]*\(/, "", arguments); sub(/\).*/, "", arguments); gsub(/ /, "", arguments)
        delete kind
        inside = 1
      } else if (s ~ /end function/ && inside) {
        out = name " " result
        n = split(arguments, list, ",")
        for (i = 1; i <= n; i++) out = out " " list[i] ":" (list[i] in kind ? kind[list[i]] : "undeclared:")
        print out
        inside = 0
      } else if (inside && s ~ /::/ && s !~ /import/) {
        attributes = s; sub(/::.*/, "", attributes)
        names = s; sub(/.*:: */, "", names); gsub(/\(\*\)| /, "", names)
        type = attributes; sub(/^ *[a-z]+\(((kind=)?c_)?/, "", type); sub(/\).*/, "", type)
        if (type == "ptr") type = "pointer"
        if (type == "funptr") type = "function"
        how = attributes ~ /value/ ? "value" : attributes ~ /intent\(in\)/ ? "in" : "out"
        n = split(names, list, ",")
        for (i = 1; i <= n; i++) kind[list[i]] = type ":" how
      }
    }'
}

constants_of_header() {
  sed -nE 's/^.*(ESPALIER_[A-Z0-9_]+ = [0-9]+).*$/&/p' include/espalier.h | grep -oE 'ESPALIER_[A-Z0-9_]+ = [0-9]+' |
    tr 'A-Z' 'a-z' | sort
}

constants_of_fortran() { grep -oE 'parameter :: espalier_[a-z0-9_]+ = [0-9]+' fortran/espalier_c.f90 | sed 's/.*:: //' | sort; }

if ! diff <(from_header | sort) <(from_fortran | sort) || ! diff <(constants_of_header) <(constants_of_fortran); then
  echo "check-fortran-interface: < include/espalier.h and > fortran/espalier_c*.f90 differ" >&2
  exit 1
fi
echo "Fortran interfaces: $(from_header | wc -l) functions and $(constants_of_header | wc -l) constants equal the header's"
