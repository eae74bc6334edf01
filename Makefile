# SPDX-License-Identifier: MIT
# The front door. Meson and ninja do the work; see meson.build for what is kept where.
MESON ?= meson
NINJA ?= ninja
DESTDIR ?=
PREFIX ?= /usr/local
TIME ?= 60
SEEDS ?= 100000

# configure DIRECTORY,OPTIONS: once; quiet unless it fails.
configure = test -f $(1)/build.ninja || { mkdir -p $(1) && $(MESON) setup $(1) $(2) >$(1)/setup.log 2>&1; } \
	|| { cat $(1)/setup.log; exit 1; }

all: build/build.ninja
	@$(NINJA) -C build

# build/weft, build/libweft.{a,so}, build/libweft-host.{a,so}, build/weft.pc, build/weft-host.pc,
# build/libweft-packetdrill.so, build/libweft-packetdrill-preload.so
build/build.ninja:
	@scripts/setup --check build
	@$(call configure,build,--prefix=$(PREFIX))

# What is installed and measured: the same, with the engine compiled for what was counted while it worked, which takes
# twice the time. PROFILE=no: without that, so that build/ is what is installed and measured.
ifeq ($(PROFILE),no)
RELEASE = build
release: all
else
RELEASE = build-release
release:
	@scripts/setup --check build
	@NINJA=$(NINJA) MESON=$(MESON) scripts/release $(RELEASE) --prefix=$(PREFIX)
endif

demo: setup-demo all
	./build/weft demo

test: setup-test
	@$(call configure,build-test,-Dtests=true -Db_ndebug=false)
	@$(NINJA) -C build-test
	@$(MESON) test -C build-test --no-rebuild --print-errorlogs

asan: setup-test
	@$(call configure,build-asan,-Dtests=true -Db_ndebug=false -Db_sanitize=address$(comma)undefined -Db_lundef=false)
	@$(NINJA) -C build-asan
	@$(SANITIZERS) $(MESON) test -C build-asan --no-rebuild --print-errorlogs --timeout-multiplier 4

# Writes the golden tables anew: then look at the difference.
golden: setup-test setup-ci all
	@$(call configure,build-test,-Dtests=true -Db_ndebug=false)
	@$(NINJA) -C build-test tests/golden/weft-goodput tests/sim/weft-sim
	./build-test/tests/golden/weft-goodput >tests/golden/goodput.tsv
	tests/sim/table --write build-test/tests/sim/weft-sim tests/sim/table.tsv
	bench/instructions --write

# A line per figure: name, value, unit, peer, the peer's value, ratio.
# FIGURES="..." for some of them only.
bench: setup-bench
	@$(MAKE) --no-print-directory release >&2
	@! test -d build-bench/lwip || bench/lwip/build build-bench
	@bench/run --build $(RELEASE) $(FIGURES)

# Each harness in turn for TIME seconds.
fuzz: setup-fuzz
	@test -f build-fuzz/build.ninja || CC=clang $(MESON) setup build-fuzz -Dtests=true -Dfuzz=true -Db_ndebug=false \
	    -Db_sanitize=address,undefined -Db_lundef=false
	@NINJA=$(NINJA) scripts/fuzz $(TIME)

# The same harnesses under AFL++.
afl: setup-afl
	@scripts/afl $(TIME)

# SEEDS=N: the simulator's first N seeds; SEEDS=FROM:TO: those. SIM=--brief: short ones, fifty times as many in the same time.
soak: setup-test
	@$(call configure,build-test,-Dtests=true -Db_ndebug=false)
	@$(NINJA) -C build-test tests/sim/weft-sim
	./build-test/tests/sim/weft-sim $(SIM) --seeds $(if $(findstring :,$(SEEDS)),$(SEEDS),1:$(SEEDS))

# Analysers: cppcheck, clang-tidy, gcc -fanalyzer. Ten minutes of one core; the second time only what has changed.
lint: setup-lint
	@scripts/lint

# Which lines, branches and functions of src/ the quick tests reach: a line per directory. Half an hour.
coverage: setup-coverage
	@scripts/coverage

# The engine under clang's memory sanitizer, and the host under its thread sanitizer.
msan: setup-fuzz
	@CC=clang; export CC; $(call configure,build-msan,-Dtests=true -Db_ndebug=false -Db_sanitize=memory -Db_lundef=false)
	@scripts/sanitized build-msan engine
tsan: setup-fuzz
	@CC=clang; export CC; $(call configure,build-tsan,-Dtests=true -Db_ndebug=false -Db_sanitize=thread -Db_lundef=false)
	@scripts/sanitized build-tsan host

# The engine with clang's checks of integers: what goes round, or loses bits, only where tests/integers.txt says why.
INTEGERS = -fsanitize=integer$(comma)bounds -fno-sanitize=unsigned-shift-base -fno-sanitize-recover=all \
	-fsanitize-ignorelist=$(CURDIR)/tests/integers.txt
integers: setup-fuzz
	@CC=clang; export CC; $(call configure,build-integers,-Dtests=true -Db_ndebug=false -Db_lundef=false \
	    "-Dc_args=$(INTEGERS)" -Dc_link_args=-fsanitize=integer)
	@CCACHE_EXTRAFILES=$(CURDIR)/tests/integers.txt scripts/sanitized build-integers integers # ccache does not know the list

# Some unit tests and scripts under valgrind.
valgrind: setup-ci
	@$(call configure,build-test,-Dtests=true -Db_ndebug=false)
	@scripts/memcheck build-test

# Ten million connections one after the other, and a hundred million acknowledgments on one: twenty minutes.
long: setup-test
	@$(call configure,build-test,-Dtests=true -Db_ndebug=false)
	@$(NINJA) -C build-test tests/long/long-cycles tests/long/long-acks
	./build-test/tests/long/long-cycles 10000000
	./build-test/tests/long/long-acks 100000000

# All schedules of one small connection: with three faults where one end closes, with two where both close or open.
scope: setup-test
	@$(call configure,build-test,-Dtests=true -Db_ndebug=false)
	@$(NINJA) -C build-test tests/scope/weft-scope
	./build-test/tests/scope/weft-scope -f 3 active_close passive_close
	./build-test/tests/scope/weft-scope -f 2 both_close both_open

install: release
	@$(MESON) configure $(RELEASE) --prefix=$(PREFIX) && $(NINJA) --quiet -C $(RELEASE)
	@$(MESON) install -C $(RELEASE) --no-rebuild $(if $(DESTDIR),--destdir $(DESTDIR))

setup-%:
	@scripts/setup $*

clean:
	rm -rf build build-*

comma = ,
SANITIZERS = ASAN_OPTIONS=detect_leaks=1:abort_on_error=1:detect_stack_use_after_return=1 \
	UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1

.PHONY: all release demo test asan golden bench fuzz soak long scope lint coverage msan tsan integers valgrind afl install clean
