/* The scenario language: what is read, and every mistake with its place. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "harness/script/args.h"
#include "harness/script/needs.h"
#include "harness/script/script.h"
#include "harness/script/steps.h"
#include "lib/str.h"

#define HEAD	"scenario \"t\"\n"

/* What `gcs-emulator --describe` says, in small. */
static const char describe_text[] = "{\"routes\":["
    "{\"id\":\"storage.objects.insert\"},{\"id\":\"storage.objects.list\"},"
    "{\"id\":\"oauth.token\"}],\"fault_kinds\":["
    "{\"name\":\"status\",\"points\":[\"before\",\"after\"],\"args\":["
    "{\"name\":\"code\",\"type\":\"int\",\"required\":false,\"min\":400},"
    "{\"name\":\"reason\",\"type\":\"string\"}]},"
    "{\"name\":\"latency\",\"points\":[\"before\",\"body\",\"after\"],"
    "\"args\":[{\"name\":\"delay\",\"type\":\"duration\",\"required\":true}]},"
    "{\"name\":\"hold\",\"points\":[\"before\",\"body\",\"after\"],"
    "\"args\":[]},"
    "{\"name\":\"truncate\",\"points\":[\"body\"],\"point\":\"body\","
    "\"args\":[]},"
    "{\"name\":\"refuse\",\"points\":[],\"args\":[]}]}";

static json_t *describe;

static void
setup(void)
{

	describe = json_loads(describe_text, 0, NULL);
	ck_assert_ptr_nonnull(describe);
}

static void
teardown(void)
{

	json_decref(describe);
}

/* Parses; the messages come back as one string to be freed. */
static struct scenario *
parse(const char *text, size_t n, char **errors, int *count)
{
	size_t len;
	FILE *f = open_memstream(errors, &len);
	struct scenario *sc;

	*count = 0;
	sc = script_parse("a/b.scn", text, n, describe, f, count);
	(void)fclose(f);
	return (sc);
}

static struct scenario *
parse_ok(const char *text)
{
	char *errors;
	int n;
	struct scenario *sc = parse(text, strlen(text), &errors, &n);

	ck_assert_msg(sc != NULL && n == 0, "%s", errors);
	free(errors);
	return (sc);
}

static void
ck_errors(const char *text, const char *want)
{
	char *errors;
	int n, lines = 0;
	struct scenario *sc = parse(text, strlen(text), &errors, &n);

	ck_assert_str_eq(errors, want);
	for (const char *p = errors; *p != '\0'; p++)
		lines += *p == '\n';
	ck_assert_int_eq(n, lines);
	ck_assert_ptr_null(sc);
	free(errors);
}

/* ---- what is read ---- */

START_TEST(the_drill_of_the_readme_is_read)
{
	struct scenario *sc = parse_ok(
	    "scenario \"kill -9 while an upload is held\"\n"
	    "tags crash check\n"
	    "limit 90s\n"
	    "provision\n"
	    "start replicator\n"
	    "load append rows=500\n"
	    "wait synced within=10s\n"
	    "\n"
	    "phase \"crash\"   # a comment\n"
	    "fault hold on=storage.objects.insert nth=1 as=upload\n"
	    "wait held(upload) within=10s\n"
	    "kill replicator\n"
	    "release upload discard\n"
	    "expect restored.integrity == ok\n"
	    "expect restored.prefix\n"
	    "expect restored.lost <= 100\n");

	ck_assert_str_eq(sc->name, "a/b");
	ck_assert_str_eq(sc->title, "kill -9 while an upload is held");
	ck_assert(script_has_tag(sc, "crash"));
	ck_assert(script_has_tag(sc, "check"));
	ck_assert(!script_has_tag(sc, "chec"));
	ck_assert(!script_has_tag(sc, ""));
	ck_assert_int_eq(sc->limit_us, 90000000);
	ck_assert_uint_eq(sc->nlines, 16 - 1);
	ck_assert_str_eq(sc->lines[sc->nlines - 3].text,
	    "expect restored.integrity == ok");
	ck_assert_int_eq(sc->lines[sc->nlines - 1].at.line, 16);
	script_free(sc);
}
END_TEST

START_TEST(after_bytes_goes_with_a_kind_that_acts_in_bodies)
{

	script_free(parse_ok(HEAD "fault truncate after-bytes=5\n"));
	script_free(parse_ok(HEAD "fault hold at=body after-bytes=5\n"));
}
END_TEST

START_TEST(words_are_split_with_quotes_and_escapes)
{
	struct scenario *sc = parse_ok(HEAD
	    "exec a \"b c\" d\"e f\"g \"\\\"\\\\\\n\" x#y #z\n");
	const struct line *l = &sc->lines[1];

	ck_assert_uint_eq(l->nwords, 5);
	ck_assert_str_eq(l->words[1].text, "b c");
	ck_assert(l->words[1].quoted);
	ck_assert_str_eq(l->words[2].text, "de fg");
	ck_assert_str_eq(l->words[3].text, "\"\\\\n");
	ck_assert_str_eq(l->words[4].text, "x#y");
	ck_assert_int_eq(l->words[2].at.col, 14);
	script_free(sc);
}
END_TEST

START_TEST(of_a_command_only_the_last_words_are_ours)
{
	struct scenario *sc = parse_ok(HEAD
	    "exec dd if=/dev/zero within=3 of=x bs=1M within=5s as=copy\n"
	    "exec env \"within=5s\"\n"
	    "start replicator config=x.yml\n"
	    "start web env PORT=1 as=2\n");
	const struct line *l = &sc->lines[1];

	ck_assert_uint_eq(l->nwords, 7);
	ck_assert_ptr_null(l->words[2].key);
	ck_assert_ptr_null(l->words[4].key);
	ck_assert_str_eq(l->words[5].key, "within");
	ck_assert_str_eq(l->words[5].value, "5s");
	ck_assert_str_eq(l->words[6].key, "as");
	ck_assert_ptr_null(sc->lines[2].words[1].key);
	ck_assert_str_eq(sc->lines[3].words[1].key, "config");
	ck_assert_ptr_null(sc->lines[4].words[2].key);
	ck_assert_ptr_null(sc->lines[4].words[3].key);
	script_free(sc);
}
END_TEST

START_TEST(a_raw_block_is_kept_as_it_stands)
{
	struct scenario *sc = parse_ok(HEAD
	    "  shell {\n"
	    "\tf() {\n"
	    "\t    echo ${UNKNOWN} \"open # not a comment\n"
	    "\t}\n"
	    "\n"
	    "  }\n"
	    "exec true\n");
	const struct line *l = &sc->lines[1];

	ck_assert_str_eq(l->raw, "\tf() {\n\t    echo ${UNKNOWN} \"open # not "
	    "a comment\n\t}\n\n");
	ck_assert_int_eq(l->raw_at.line, 3);
	ck_assert_int_eq(sc->lines[2].at.line, 8);
	script_free(sc);
}
END_TEST

START_TEST(conditions_and_negation_are_read)
{
	struct scenario *sc = parse_ok(HEAD
	    "[litestream >= 0.5] [!gcloud] ! exec false\n");
	const struct line *l = &sc->lines[1];

	ck_assert(l->negate);
	ck_assert_uint_eq(l->nconds, 2);
	ck_assert_str_eq(l->conds[0].name, "litestream");
	ck_assert_str_eq(l->conds[0].op, ">=");
	ck_assert_str_eq(l->conds[0].value, "0.5");
	ck_assert(l->conds[1].negate);
	ck_assert_ptr_null(l->conds[1].op);
	script_free(sc);
}
END_TEST

START_TEST(a_sweep_knows_its_variable_and_its_lines)
{
	struct scenario *sc = parse_ok(HEAD
	    "sweep n max=20 {\n"
	    "    fault status code=503 on=storage.* nth=${n}\n"
	    "    load append rows=1\n"
	    "}\n");

	ck_assert_uint_eq(sc->lines[1].nblock, 2);
	ck_assert_str_eq(sc->lines[1].block[0].step->name, "fault");
	ck_assert_str_eq(sc->lines[1].block[1].step->name, "load");
	script_free(sc);
}
END_TEST

START_TEST(a_probe_can_be_compared_with_a_probe)
{
	struct scenario *sc = parse_ok(HEAD
	    "expect restored.hash == ledger.hash\n"
	    "expect restored.hash == \"ledger.hash\"\n");

	ck_assert_ptr_nonnull(sc->lines[1].expr->other);
	ck_assert_ptr_null(sc->lines[2].expr->other);
	script_free(sc);
}
END_TEST

START_TEST(line_ends_of_other_systems_and_a_byte_order_mark_pass)
{
	struct scenario *sc = parse_ok("\xef\xbb\xbf" "scenario \"t\"\r\n"
	    "shell {\r\n ls\r\n}\r\n");

	ck_assert_str_eq(sc->lines[1].raw, " ls\n");
	script_free(sc);
}
END_TEST

START_TEST(known_bug_takes_releases_and_ranges)
{
	struct scenario *sc = parse_ok(HEAD
	    "known-bug 0.3.13 0.5.3..0.5.14 reason=\"#1164\"\nprovision\n");

	ck_assert(script_is_known_bug(sc, "0.3.13"));
	ck_assert(script_is_known_bug(sc, "0.5.10"));
	ck_assert(script_is_known_bug(sc, "0.5.14"));
	ck_assert(!script_is_known_bug(sc, "0.5.15"));
	ck_assert(!script_is_known_bug(sc, "0.5.2"));
	ck_assert_str_eq(sc->known_bug_reason, "#1164");
	script_free(sc);
}
END_TEST

/* ---- mistakes ---- */

static const struct {
	const char *text, *want;
} mistakes[] = {
	{ "", "a/b.scn:1:1: error: there is no 'scenario \"TITLE\"' line\n"
	    "a/b.scn:1:1: error: there is no step in this scenario\n" },
	{ HEAD "# nothing\n",
	    "a/b.scn:1:1: error: there is no step in this scenario\n" },
	{ HEAD "wiat synced within=1s\n",
	    "a/b.scn:2:1: error: unknown step 'wiat', did you mean 'wait'?\n" },
	{ HEAD "wait synced withn=1s\n",
	    "a/b.scn:2:13: error: unknown argument of 'wait': 'withn', did "
	    "you mean 'within'?\n"
	    "a/b.scn:2:1: error: 'wait' needs within=DURATION; usage: wait "
	    "PROBE [OP VALUE] within=DURATION\n" },
	{ HEAD "wait synced within=10\n",
	    "a/b.scn:2:20: error: '10' is not a duration: write a number and "
	    "a unit, such as 250ms, 10s, 2m or 1h\n" },
	{ HEAD "load append rows=many\nload apend rows=1\n",
	    "a/b.scn:2:18: error: 'many' is not a whole number\n"
	    "a/b.scn:3:6: error: unknown workload 'apend', did you mean "
	    "'append'?\n" },
	{ HEAD "load append rows=1 rows=2\n",
	    "a/b.scn:2:20: error: 'rows' is given twice\n" },
	{ HEAD "load append rows=-1\n",
	    "a/b.scn:2:18: error: rows must be 0 or more, not -1\n" },
	{ HEAD "expect restored.losst <= 1\n",
	    "a/b.scn:2:8: error: unknown probe 'restored.losst', did you mean "
	    "'restored.lost'?\n" },
	{ HEAD "expect restored.lost =< 1\n",
	    "a/b.scn:2:22: error: unknown operator '=<'; there are ==, !=, <, "
	    "<=, >, >= and ~\n" },
	{ HEAD "expect restored.lost<=1\n",
	    "a/b.scn:2:8: error: put blanks around the operator in "
	    "'restored.lost<=1'\n" },
	{ HEAD "expect restored.lost <= few\n",
	    "a/b.scn:2:25: error: 'few' is not a whole number\n" },
	{ HEAD "expect restored.lost\n",
	    "a/b.scn:2:8: error: 'restored.lost' is not true or false: write "
	    "restored.lost == VALUE\n" },
	{ HEAD "expect restored.prefix == yes\n",
	    "a/b.scn:2:27: error: unknown value of an expression: 'yes'; there "
	    "are true and false\n" },
	{ HEAD "expect restored.hash < x\n",
	    "a/b.scn:2:22: error: 'restored.hash' cannot be asked with '<'\n" },
	{ HEAD "expect restored.hash == ledger.rows\n",
	    "a/b.scn:2:25: error: 'restored.hash' and 'ledger.rows' are not "
	    "of the same type\n" },
	{ HEAD "wait held within=1s\n",
	    "a/b.scn:2:6: error: 'held' needs an argument: write held(NAME)\n"
	},
	{ HEAD "expect journal(storage.object.list) == 0\n",
	    "a/b.scn:2:16: error: unknown method id 'storage.object.list', "
	    "did you mean 'storage.objects.list'?\n" },
	{ HEAD "fault statsu code=503\n",
	    "a/b.scn:2:7: error: unknown fault 'statsu', did you mean "
	    "'status'?\n" },
	{ HEAD "fault status cod=503\n",
	    "a/b.scn:2:14: error: unknown argument of 'fault': 'cod', did you "
	    "mean 'code'?\n" },
	{ HEAD "fault status code=200\n",
	    "a/b.scn:2:19: error: code must be 400 or more, not 200\n" },
	{ HEAD "fault status on=storage.objects.inset\n",
	    "a/b.scn:2:17: error: unknown method id 'storage.objects.inset', "
	    "did you mean 'storage.objects.insert'?\n" },
	{ HEAD "fault latency\n",
	    "a/b.scn:2:1: error: 'fault' needs delay=DURATION; usage: fault "
	    "KIND [on=METHOD-ID] [bucket=GLOB] [object=GLOB] [from=GLOB] "
	    "[nth=N] [every=N] [times=N] [at=before|body|after] [as=NAME] "
	    "[ARGUMENT=VALUE…] | fault clear\n" },
	{ HEAD "fault hold after-bytes=5\n",
	    "a/b.scn:2:12: error: 'after-bytes' wants at=body\n" },
	{ HEAD "fault status at=body\n",
	    "a/b.scn:2:14: error: 'status' cannot act at 'body'\n" },
	{ HEAD "fault hold nth=1 every=2\n",
	    "a/b.scn:2:12: error: 'nth' and 'every' exclude each other\n" },
	{ HEAD "fault hold times=sometimes\n",
	    "a/b.scn:2:12: error: times is 'always' or a number of 1 or more, "
	    "not 'sometimes'\n" },
	{ HEAD "fault refuse on=oauth.token\n",
	    "a/b.scn:2:14: error: 'refuse' acts on connections and takes no "
	    "selector\n" },
	{ HEAD "fault clear on=oauth.token\n",
	    "a/b.scn:2:13: error: 'fault clear' takes nothing more: it "
	    "removes every fault\n" },
	{ HEAD "exec echo ${buket} ${x\n",
	    "a/b.scn:2:11: error: unknown variable 'buket', did "
	    "you mean 'bucket'?\n"
	    "a/b.scn:2:20: error: '${' without '}'\n" },
	{ HEAD "exec echo ${a}\nset a 1\nexec echo ${a}\n",
	    "a/b.scn:2:11: error: unknown variable 'a'\n" },
	{ HEAD "set bucket x\n",
	    "a/b.scn:2:5: error: ${bucket} is built in\n" },
	{ HEAD "sweep n max=2 {\nexec a ${n}\n}\nexec a ${n}\n",
	    "a/b.scn:5:8: error: unknown variable 'n'\n" },
	{ HEAD "[gclod] exec a\n[gcloud >= 1] exec a\n[litestream] exec a\n"
	    "[gcloud exec a\n",
	    "a/b.scn:2:2: error: unknown condition 'gclod', did you mean "
	    "'gcloud'?\n"
	    "a/b.scn:3:2: error: 'gcloud' has no version to compare\n"
	    "a/b.scn:4:2: error: 'litestream' wants a comparison with a "
	    "version, such as litestream >= 0.5\n"
	    "a/b.scn:5:1: error: '[' without ']'\n"
	    "a/b.scn:5:1: error: a step is missing\n" },
	{ HEAD "! load append rows=1\n!exec a\n!\n",
	    "a/b.scn:2:3: error: '!' cannot stand before 'load'\n"
	    "a/b.scn:3:1: error: put a blank behind '!'\n"
	    "a/b.scn:4:1: error: a step is missing\n" },
	{ HEAD "exec a\ntags late\n",
	    "a/b.scn:3:1: error: 'tags' belongs before the first step\n" },
	{ HEAD HEAD "provision\n",
	    "a/b.scn:2:1: error: there is a second 'scenario' line\n" },
	{ "scenario \"${bucket}\"\n[gcloud] tags x\nneed gclod\n"
	    "known-bug x reason=y\nlimit 0s\nprovision\n",
	    "a/b.scn:1:10: error: 'scenario' describes the scenario: it takes "
	    "no variables\n"
	    "a/b.scn:2:10: error: 'tags' describes the scenario: it takes no "
	    "condition and no '!'\n"
	    "a/b.scn:3:6: error: unknown condition 'gclod', did you mean "
	    "'gcloud'?\n"
	    "a/b.scn:4:11: error: 'x' is not a release: write 0.5.3 or "
	    "0.5.3..0.5.14\n"
	    "a/b.scn:5:7: error: duration is too short\n" },
	{ HEAD "exec a \"b\nexec c\n",
	    "a/b.scn:2:8: error: this quote has no end on its line\n" },
	{ HEAD "shell {\n  ls\n   }\n",
	    "a/b.scn:2:1: error: this block is not closed: a line that is "
	    "just '}', no deeper than this one, ends it\n" },
	{ HEAD "sweep n max=2 {\nexec a\n",
	    "a/b.scn:2:1: error: this block is not closed: a line that is "
	    "just '}' ends it\n" },
	{ HEAD "sweep n max=2 {\n}\n}\nsweep n max=2\nexec a {\n}\n",
	    "a/b.scn:2:15: error: this block is empty\n"
	    "a/b.scn:4:1: error: this '}' closes nothing\n"
	    "a/b.scn:5:1: error: 'sweep' wants a block: end the line with "
	    "'{'\n"
	    "a/b.scn:6:8: error: 'exec' takes no block; write \"{\" where the "
	    "brace is meant\n" },
	{ HEAD "stdout \"(\"\n",
	    "a/b.scn:2:8: error: '(' is not a POSIX extended regular "
	    "expression: Unmatched ( or \\(\n" },
	{ HEAD "kill replicator signal=KIL\n",
	    "a/b.scn:2:24: error: 'KIL' is not a signal: write KILL, TERM, "
	    "INT … or a number\n" },
	{ HEAD "release upload\nfault hold as=upload\nrelease uplod\n"
	    "wait held(uplaod) within=1s\nrelease upload\n",
	    "a/b.scn:2:9: error: unknown fault name 'upload'\n"
	    "a/b.scn:4:9: error: unknown fault name 'uplod', did you mean "
	    "'upload'?\n"
	    "a/b.scn:5:11: error: unknown fault name 'uplaod', did you mean "
	    "'upload'?\n" },
	{ HEAD "load append rows=0 as=writer\nkill writer\nstop writr\n"
	    "expect load(replicator) == done\nkill replicatr\n"
	    "expect process(writer) == gone\nstop writer replicator\n",
	    "a/b.scn:3:6: error: unknown process 'writer'; there are "
	    "replicator, application and deployment\n"
	    "a/b.scn:4:6: error: unknown process or load 'writr', did you "
	    "mean 'writer'?\n"
	    "a/b.scn:5:13: error: unknown load 'replicator'; there is only "
	    "writer\n"
	    "a/b.scn:6:6: error: unknown process 'replicatr', did you mean "
	    "'replicator'?\n"
	    "a/b.scn:7:16: error: unknown process 'writer'; there are "
	    "replicator, application and deployment\n" },
	{ HEAD "start replicater\nstart web python3 -V\nkill web\n",
	    "a/b.scn:2:7: error: 'replicater' has no command by itself; "
	    "usage: start NAME [config=FILE] [COMMAND…]\n" },
	{ HEAD "env A\nenv -B C=1 -\n",
	    "a/b.scn:2:5: error: 'A' is neither NAME=VALUE nor -NAME\n"
	    "a/b.scn:3:12: error: '-' is neither NAME=VALUE nor -NAME\n" },
	{ HEAD "provision without=key,buket\n",
	    "a/b.scn:2:19: error: unknown value of without: 'buket', did "
	    "you mean 'bucket'?\n" },
	{ HEAD "machine replace now\n",
	    "a/b.scn:2:17: error: 'now' is one word too many; usage: machine "
	    "replace\n" },
	{ HEAD "exec a\x01" "b\n",
	    "a/b.scn:2:7: error: byte 0x01: a scenario is text in UTF-8\n" },
	{ HEAD "exec a \xff\n",
	    "a/b.scn:2:8: error: byte 0xff: a scenario is text in UTF-8\n" },
	{ HEAD "shel {\n not a step\n}\nexex a\n",
	    "a/b.scn:2:1: error: unknown step 'shel', did you mean 'shell'?\n"
	    "a/b.scn:5:1: error: unknown step 'exex', did you mean 'exec'?\n" },
};

START_TEST(each_mistake_has_its_place_and_its_message)
{

	ck_errors(mistakes[_i].text, mistakes[_i].want);
}
END_TEST

/* ---- bounds ---- */

START_TEST(bounds_are_told)
{
	size_t n = (1u << 20) + 1;
	char *text = mem_alloc(n + 1), *errors;
	struct scenario *sc;
	struct buf b;
	int count;

	memset(text, '#', n);
	sc = parse(text, n, &errors, &count);
	ck_assert_ptr_null(sc);
	ck_assert_str_eq(errors,
	    "a/b.scn:1:1: error: this file is larger than 1 MiB\n");
	free(errors);

	memcpy(text, HEAD "exec a\n#", sizeof(HEAD "exec a\n#"));
	memset(text + sizeof(HEAD "exec a\n#") - 1, 'x', 70000);
	sc = parse(text, 70000, &errors, &count);
	ck_assert_ptr_null(sc);
	ck_assert_str_eq(errors,
	    "a/b.scn:3:1: error: this line is longer than 64 KiB\n");
	free(errors);
	free(text);

	buf_init(&b, 4096);
	buf_adds(&b, HEAD);
	for (int i = 0; i < 9; i++)
		buf_addf(&b, "sweep n%d max=1 {\n", i);
	buf_adds(&b, "exec a\n");
	for (int i = 0; i < 9; i++)
		buf_adds(&b, "}\n");
	sc = parse(b.p, b.len, &errors, &count);
	ck_assert_ptr_null(sc);
	ck_assert_ptr_nonnull(strstr(errors,
	    "a/b.scn:10:16: error: blocks are nested deeper than 8\n"));
	free(errors);
	buf_release(&b);
}
END_TEST

/* Cut and broken at every byte: it must end, and tell or read. */
START_TEST(no_cut_and_no_byte_breaks_the_parser)
{
	static const char text[] = HEAD "tags a\nknown-bug 0.5.3..0.5.4 "
	    "reason=\"x y\"\n[litestream >= 0.5] ! exec \"a b\" ${bucket} "
	    "within=1s\nfault latency delay=1s on=storage.* nth=1 as=x\n"
	    "sweep n max=2 {\n  wait held(x) within=1s\n}\n"
	    "shell {\n ls {\n  }\n}\nexpect restored.hash == ledger.hash\n";
	static const char bytes[] = "\"{}[]!#=()$ \n\t\x80.,<>~";
	char *errors, *copy = mem_dup(text, sizeof(text));
	int n;

	script_free(parse_ok(text));
	for (size_t i = 0; i < sizeof(text); i++) {
		struct scenario *sc = parse(text, i, &errors, &n);

		ck_assert((sc == NULL) == (n > 0));
		script_free(sc);
		free(errors);
		for (size_t k = 0; k < sizeof(bytes); k++) {
			copy[i] = bytes[k];
			sc = parse(copy, sizeof(text) - 1, &errors, &n);
			ck_assert((sc == NULL) == (n > 0));
			script_free(sc);
			free(errors);
		}
		copy[i] = text[i];
	}
	free(copy);
}
END_TEST

/* ---- rules ---- */

START_TEST(an_injected_fault_becomes_a_rule)
{
	json_t *j = script_fault_rule("status on=storage.objects.insert nth=3 "
	    "code=503", describe, NULL);
	const json_t *args = json_object_get(j, "args");

	ck_assert_ptr_nonnull(j);
	ck_assert_str_eq(json_string_value(json_object_get(j, "kind")),
	    "status");
	ck_assert_str_eq(json_string_value(json_object_get(j, "on")),
	    "storage.objects.insert");
	ck_assert_int_eq(json_integer_value(json_object_get(j, "nth")), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(args, "code")),
	    503);
	ck_assert_ptr_null(json_object_get(j, "code"));
	json_decref(j);
	ck_assert_ptr_null(script_fault_rule("forgte nth=3", describe, NULL));
	ck_assert_ptr_null(script_fault_rule("clear", describe, NULL));
	ck_assert_ptr_null(script_fault_rule("", describe, NULL));
	ck_assert_ptr_null(script_fault_rule("hold as=${x}", describe, NULL));
}
END_TEST

/* ---- tables ---- */

START_TEST(every_step_has_what_the_manual_needs)
{

	for (const struct step *s = steps; s->name != NULL; s++) {
		size_t named = 0;

		ck_assert(str_starts(s->usage, s->name));
		ck_assert_ptr_nonnull(s->doc);
		ck_assert_ptr_nonnull(s->args);
		ck_assert_ptr_nonnull(s->fn);
		ck_assert_ptr_eq(step_find(s->name), s);
		for (const struct arg_spec *a = s->args; a->name != NULL;
		    a++) {
			struct err e = ERR_INIT;
			int64_t n;

			named++;
			if (a->type == ARG_CHOICE || a->type == ARG_CHOICES)
				ck_assert_ptr_nonnull(a->choices);
			if (a->dflt != NULL)
				ck_assert_msg(args_parse(a, a->dflt, &n,
				    &e) == 0, "%s %s: %s", s->name, a->name,
				    err_msg(&e));
			/* nothing can follow the words that take all */
			if (a->rest)
				ck_assert(a->positional);
		}
		ck_assert_uint_le(named, 16);
	}
}
END_TEST

START_TEST(every_need_can_be_found_and_installed)
{

	for (const struct need *n = needs; n->name != NULL; n++) {
		ck_assert_ptr_eq(need_find(n->name), n);
		ck_assert_ptr_nonnull(n->doc);
		if (!n->versioned) {
			ck_assert_ptr_nonnull(n->install);
			ck_assert(n->program != NULL || n->fn != NULL);
		}
	}
}
END_TEST

static Suite *
script_suite(void)
{
	Suite *s = suite_create("script");
	TCase *t = tcase_create("script");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, the_drill_of_the_readme_is_read);
	tcase_add_test(t, after_bytes_goes_with_a_kind_that_acts_in_bodies);
	tcase_add_test(t, words_are_split_with_quotes_and_escapes);
	tcase_add_test(t, of_a_command_only_the_last_words_are_ours);
	tcase_add_test(t, a_raw_block_is_kept_as_it_stands);
	tcase_add_test(t, conditions_and_negation_are_read);
	tcase_add_test(t, a_sweep_knows_its_variable_and_its_lines);
	tcase_add_test(t, a_probe_can_be_compared_with_a_probe);
	tcase_add_test(t,
	    line_ends_of_other_systems_and_a_byte_order_mark_pass);
	tcase_add_test(t, known_bug_takes_releases_and_ranges);
	tcase_add_loop_test(t, each_mistake_has_its_place_and_its_message, 0,
	    NELEMS(mistakes));
	tcase_add_test(t, bounds_are_told);
	tcase_add_test(t, no_cut_and_no_byte_breaks_the_parser);
	tcase_add_test(t, an_injected_fault_becomes_a_rule);
	tcase_add_test(t, every_step_has_what_the_manual_needs);
	tcase_add_test(t, every_need_can_be_found_and_installed);
	suite_add_tcase(s, t);
	return (s);
}

int
main(void)
{
	SRunner *sr = srunner_create(script_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed != 0);
}
