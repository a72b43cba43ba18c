# make demo, then make test; make help lists the rest.
PREFIX ?= /usr/local
DESTDIR ?=
ifeq ($(origin FC),default)
  FC := gfortran
endif
FFLAGS ?= -O2
.DEFAULT_GOAL := help

demo: ## train on the bundled digits: a few seconds
	@scripts/setup.sh demo
	@$(MAKE) --no-print-directory build/bin/mnist
	@mkdir -p build/pictures
	build/bin/mnist data=digits pictures=build/pictures

mnist: ## the same program on all of MNIST: well under a minute
	@scripts/setup.sh demo
	@$(MAKE) --no-print-directory build/bin/mnist
	@mkdir -p build/pictures
	build/bin/mnist data=mnist directory="$$(scripts/fetch-mnist.sh)" pictures=build/pictures

test: ## every test: Swift, C, Fortran, installation, the programs in the documents
	@scripts/setup.sh test
	@scripts/test.sh

lib: ## build/lib/libespalier.so, and the Fortran module beside it
	@scripts/setup.sh lib
	@scripts/build-lib.sh
	@scripts/build-fortran.sh $(FC) build

check: ## the gates: format, layers, exported names, file sizes, ...
	@scripts/setup.sh test
	@scripts/check.sh

bench: lib ## beside PyTorch, SparseProp, SciPy and MKL, on a quiet machine: about half an hour; build/bench/table.md
	@scripts/setup.sh bench
	@Benchmarks/run.sh

bench-quick: lib ## its main rows in under three minutes
	@scripts/setup.sh bench
	@Benchmarks/run.sh --quick

sparsity-table: lib ## MNIST errors of every way to choose a pattern: three quarters of an hour; build/sparsity/table.md
	@scripts/setup.sh demo
	@scripts/sparsity-table.sh

install: lib ## header, libraries, Fortran sources; pkg-config, CMake and fpm files into PREFIX
	@scripts/install.sh install "$(DESTDIR)$(PREFIX)"

uninstall: ## take them out of PREFIX again
	@scripts/install.sh uninstall "$(DESTDIR)$(PREFIX)"

format: ## bring the Swift sources into the house's form
	swift format --in-place --recursive Package.swift Sources Tests examples

clean: ## forget everything that was built
	rm -rf build .build

help: ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/make \1|\2/p' Makefile | awk -F'|' '{ printf "  %-16s %s\n", $$1, $$2 }'

# The demonstration is one program in a few files, in the order in which they use each other.
MNIST := $(patsubst %,examples/fortran/%.f90,choices digit_images progress_line pictures mnist)

build/bin/mnist: lib $(MNIST)
	@mkdir -p build/bin build/examples
	@$(FC) $(FFLAGS) -Ibuild/mod -Jbuild/examples $(MNIST) -o $@ \
	  -Lbuild/lib -lespalier_fortran -lespalier -Wl,-rpath,'$$ORIGIN/../lib'

.PHONY: demo test mnist lib bench bench-quick sparsity-table install uninstall check format clean help
