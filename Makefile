# One flat Makefile: every .c of a folder belongs to the program of that
# folder.  `make DEV=1` turns warnings into errors, `make SAN=address,undefined`
# or `make SAN=thread` builds with sanitizers into a folder of its own,
# `make CC=clang` takes the other compiler.  HACKING.md tells the rest.

CC	?= cc
SAN	?=
DEV	?=
comma	:= ,
O	?= build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))$(if $(filter clang%,$(CC)),/clang)
T	?=

PKGS	= sqlite3 libcurl jansson libssl libcrypto expat zlib
missing	:= $(shell for p in $(PKGS); do pkg-config --exists $$p || echo $$p; done)
ifneq ($(filter-out clean,$(or $(MAKECMDGOALS),all)),)
ifneq ($(missing),)
$(error missing libraries: $(missing). Run ci/setup, which installs them)
endif
endif

WARN	= -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	  -Wformat=2 -Wwrite-strings -Wpointer-arith -Wundef -Wcast-qual \
	  $(if $(DEV),-Werror)
OPT	= $(if $(SAN),-O1 -fno-omit-frame-pointer -fsanitize=$(SAN) -fno-sanitize-recover=all,-O2)
CFLAGS	?= -g
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS))
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -include lib/banned.h -pthread $(WARN) $(OPT) \
	  -ffile-prefix-map=$(CURDIR)=. $(PKG_CFLAGS) $(CFLAGS)
LIBS	:= $(shell pkg-config --libs $(PKGS)) -pthread -lm

# One line a step; V=1 shows the commands.
V	?=
say	= $(if $(V),,@printf '  %-5s %s\n' $1 $2;)

lib_c	:= $(sort $(wildcard lib/*.c))
bench_c	:= $(sort $(filter-out emulator/bench/main.c,$(wildcard emulator/bench/*.c)))
emu_c	:= $(sort $(filter-out emulator/main.c emulator/bench/%,$(wildcard emulator/*.c emulator/[!t]*/*.c)))
har_c	:= $(sort $(filter-out harness/main.c,$(wildcard harness/*.c harness/[!t]*/*.c)))
test_c	:= $(sort $(wildcard lib/tests/test_*.c emulator/tests/test_*.c harness/tests/test_*.c))
lib_o	:= $(lib_c:%.c=$O/%.o)
emu_o	:= $(emu_c:%.c=$O/%.o)
har_o	:= $(har_c:%.c=$O/%.o)
bench_o	:= $(bench_c:%.c=$O/%.o)
tests	:= $(test_c:%.c=$O/%)
progs	:= $O/gcs-emulator $O/litedrill $O/gcs-bench

.PHONY: all
all: $(progs)

$O/gcs-emulator: $O/emulator/main.o $(emu_o) $(lib_o)
	$(call say,LINK,$@)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$O/litedrill: $O/harness/main.o $(har_o) $(lib_o)
	$(call say,LINK,$@)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$O/gcs-bench: $O/emulator/bench/main.o $(bench_o) $(lib_o)
	$(call say,LINK,$@)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$O/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# A unit test is one program: test_x.c, Check, and the objects of its side.
CHECK_LIBS := $(shell pkg-config --libs check)
$O/lib/tests/%: $O/lib/tests/%.o $(lib_o)
	$(call say,LINK,$@)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CHECK_LIBS)
$O/emulator/tests/test_bench: $O/emulator/bench/answer.o $O/emulator/bench/figure.o
$O/emulator/tests/%: $O/emulator/tests/%.o $(emu_o) $(lib_o)
	$(call say,LINK,$@)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CHECK_LIBS)
$O/harness/tests/%: $O/harness/tests/%.o $(har_o) $(lib_o)
	$(call say,LINK,$@)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CHECK_LIBS)

.PHONY: tests unit
tests: $(tests)
unit: all tests
	@ci/unit $(tests)

# Durability, proven from outside: a library that is preloaded into the
# emulator, and the program that writes, kills, cuts the power and looks.
proof_o	:= $(patsubst %.c,$O/%.o,$(filter-out %/tap.c,$(sort $(wildcard emulator/tests/proof/*.c))))
$O/proof/proof: $(proof_o) $O/emulator/store/checksum.o $(lib_o)
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
$O/proof/tap.so: emulator/tests/proof/tap.c emulator/tests/proof/tap.h Makefile
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(filter-out -fsanitize=% -fno-sanitize-recover=%,$(ALL_CFLAGS)) -fPIC -shared -o $@ $<
.PHONY: durability proofs
proofs: all $O/proof/proof $O/proof/tap.so
durability: proofs
	@ci/durability $O

# Fuzz targets: with clang's libFuzzer they search, with replay.c they are given
# the inputs in the tree.  `make fuzz FUZZ=head FUZZ_S=600` for one, longer.
FUZZ	?=
FUZZ_S	?= 30
fuzz_o	:= $(patsubst %.c,$O/%.o,$(sort $(wildcard emulator/tests/fuzz/*.c)))
fuzzers	:= $(patsubst emulator/tests/fuzz/fuzz_%.c,$O/fuzz/%,$(wildcard emulator/tests/fuzz/fuzz_*.c))
fuzz_main = $(if $(findstring fuzzer,$(SAN)),-fsanitize=fuzzer,$O/emulator/tests/fuzz/replay.o)
$O/fuzz/%: $O/emulator/tests/fuzz/fuzz_%.o $O/emulator/tests/fuzz/replay.o $(emu_o) $(lib_o)
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< $(fuzz_main) $(emu_o) $(lib_o) $(LIBS) $(CHECK_LIBS)
.PHONY: fuzz fuzzers
fuzzers: $(fuzzers)
fuzz:
	@$(MAKE) -s CC=clang SAN=fuzzer-no-link,address,undefined O=build/fuzz fuzzers
	@ci/fuzz search build/fuzz $(FUZZ_S) $(FUZZ)

# The tests: unit, golden, lint, the drills tagged `check`, and the tester's own.
.PHONY: check lint golden tester
check: all tests proofs fuzzers $O/scenario.5
	@ci/check $O
lint: all $O/scenario.5
	@ci/lint $O
golden: all
	@harness/tests/golden.sh $O/litedrill
tester: all
	@harness/tests/tester.sh $O/litedrill

# All drills, for both pinned releases; T=40-crash takes a folder, a file or
# tag:NAME, J= how many at a time, FLAGS= anything else of `litedrill run`.
J	?= 2
FLAGS	?=
.PHONY: drill mistakes bench bench-emulator
drill: all
	@$O/litedrill run -j $J $(FLAGS) $T
# The drills tagged `regress` with many releases, as one table; RELEASES="0.5.3
# 0.5.17" for some, UPDATE=--update where the table is to be another.
RELEASES ?=
UPDATE	?=
# Again and again, a third of it with both cores busy, until N runs are tallied.
N	?= 30
.PHONY: soak regress explore explore-full known
soak: all
	@ci/soak $O $N $$(($N / 3)) $(T)
# The machine lost after every change of short sessions, for both pinned
# releases, and of the rest what fits into BUDGET seconds a session; all of it
# with long sessions too.  The last table says what was tried and what was not.
BUDGET	?= 10
explore: all
	@ci/explore $O --budget $(BUDGET)s $(FLAGS) $T
# The recorded findings, each under the history that proves it.
known: all
	@$O/litedrill known $(FLAGS)
explore-full: all
	@ci/explore $O --audit 20 $(FLAGS) $(or $T,tag:explore tag:explore-full)
# Who tests the tester: broken replicators and emulators, by rule.
.PHONY: mutants
mutants: all
	@harness/tests/mutants.py $O $(RELEASES)
regress: all
	@J=$J T="$T" ci/regress $O $(UPDATE) $(RELEASES)
# README's table of mistakes, from what the drills see.
mistakes: all
	@scenarios/mistakes.py $O --update
bench: all
	@$O/litedrill bench $(FLAGS)
# The emulator beside its peers; FLAGS='--only put-media --rounds 3'.
bench-emulator: all
	@ci/peers
	@mkdir -p out
	@$O/gcs-bench --dir build --json out/bench-emulator.json $(FLAGS)

$O/scenario.5: harness/scenario.5.in $O/litedrill
	@$O/litedrill steps --mdoc > $@.tables
	$(call say,MAN,$@)sed -e '/^@TABLES@$$/{' -e 'r $@.tables' -e d -e '}' $< > $@

# The Go client's own conformance tests, and real programs under `exec`, with
# the client libraries that ci/clients fetches; SAN= takes a sanitized emulator.
.PHONY: conformance
conformance: $O/gcs-emulator
	@ci/conformance $O
	@ci/clients
	@emulator/tests/exec.sh $O

# Unit tests, and one flow drill with both programs, under the sanitizers.
.PHONY: san
san:
	@ci/san

.PHONY: clean
clean:		# what ci/ has fetched stays
	@mkdir -p build
	find build -mindepth 1 -maxdepth 1 ! -name tools -exec rm -rf {} +

.SECONDARY:
-include $(lib_o:.o=.d) $(emu_o:.o=.d) $(bench_o:.o=.d) $(har_o:.o=.d) $(test_c:%.c=$O/%.d) \
	$O/emulator/main.d $O/emulator/bench/main.d $O/harness/main.d $(proof_o:.o=.d) \
	$(fuzz_o:.o=.d)
