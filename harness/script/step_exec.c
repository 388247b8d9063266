/* Commands of the user's: exec, shell, what they printed, the environment. */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "harness/machine/machine.h"
#include "harness/run/proc.h"
#include "harness/script/steps.h"
#include "lib/file.h"
#include "lib/str.h"

#define STEP_TAIL	400	/* bytes of its output in a message */
#define STEP_LINE_MAX	(1 << 20)

/* The end of what a command printed, on one line, for a message. */
static const char *
step_tail(struct run *r, const char *text)
{
	size_t n = strlen(text);
	char *s;

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	s = arena_strndup(&r->arena, text, n);
	if (n > STEP_TAIL)
		s += n - STEP_TAIL;
	for (char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	return (s);
}

static enum verdict
step_err(struct run *r, struct err *e)
{
	enum verdict v = run_error(r, "%s", err_msg(e));

	err_release(e);
	return (v);
}

/* stderr where it says something, else stdout. */
static const char *
step_said(struct run *r)
{
	const char *s = step_tail(r, r->exec_err);

	return (*s != '\0' ? s : step_tail(r, r->exec_out));
}

/* Do all words stand for the same on a machine without a root view? */
static enum verdict
step_words_fit(struct run *r, char *const *words, size_t n)
{

	for (size_t i = 0; i < n; i++)
		if (!machine_can_use(r->machine, words[i]))
			return (run_skip(r, "%s is a path of production's, "
			    "which needs a root view (bubblewrap)", words[i]));
	return (VERDICT_PASS);
}

enum verdict
step_exec_fn(struct run *r, const struct line *l)
{
	int64_t limit = step_num(r, "within");
	struct err e = ERR_INIT;
	bool late;
	size_t n;
	char **argv = step_rest(r, "command", &n);
	enum verdict v;

	if ((v = step_words_fit(r, argv, n)) != VERDICT_PASS)
		return (v);
	if (step_has(r, "as")) {
		if (machine_start(r->machine, step_str(r, "as"), argv,
		    &e) == NULL)
			return (step_err(r, &e));
		return (VERDICT_PASS);
	}
	r->exec_status = machine_run(r->machine, argv, limit, &r->exec_out,
	    &r->exec_err, &late, &e);
	if (r->exec_status < 0)
		return (step_err(r, &e));
	r->exec_any = true;
	if (late)
		return (run_fail(r, "%s did not end within %.1fs: %s", argv[0],
		    (double)limit / 1e6, step_said(r)));
	if (!l->negate && r->exec_status != 0)
		return (run_fail(r, "%s ended with status %d: %s", argv[0],
		    r->exec_status, step_said(r)));
	if (l->negate && r->exec_status == 0)
		return (run_fail(r, "%s ended with status 0, and should have "
		    "failed", argv[0]));
	return (VERDICT_PASS);
}

static enum verdict
step_match(struct run *r, const struct line *l, const char *name,
    const char *text)
{
	const char *pattern = step_str(r, "regex");
	regex_t re;
	bool found;
	int rc;

	if (!r->exec_any)
		return (run_error(r, "no exec or shell line has run yet"));
	rc = regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
	if (rc != 0) {
		char why[256];

		(void)regerror(rc, &re, why, sizeof(why));
		return (run_error(r, "\"%s\": %s", pattern, why));
	}
	found = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	if (found != l->negate)
		return (VERDICT_PASS);
	return (run_fail(r, "%s %s \"%s\": %s", name, found ? "matches" :
	    "does not match", pattern, *text != '\0' ? step_tail(r, text) :
	    "it is empty"));
}

enum verdict
step_stdout_fn(struct run *r, const struct line *l)
{

	return (step_match(r, l, "stdout", r->exec_out));
}

enum verdict
step_stderr_fn(struct run *r, const struct line *l)
{

	return (step_match(r, l, "stderr", r->exec_err));
}

enum verdict
step_env_fn(struct run *r, const struct line *l)
{
	size_t n;
	char **words = step_rest(r, "assignment", &n);
	enum verdict v = step_words_fit(r, words, n);

	(void)l;
	for (size_t i = 0; v == VERDICT_PASS && i < n; i++) {
		char *eq = strchr(words[i], '=');

		if (words[i][0] == '-' && eq == NULL && words[i][1] != '\0') {
			machine_env(r->machine, words[i] + 1, NULL);
		} else if (eq != NULL && eq != words[i]) {
			*eq = '\0';
			machine_env(r->machine, words[i], eq + 1);
		} else {
			v = run_error(r, "%s: NAME=VALUE or -NAME, please",
			    words[i]);
		}
	}
	return (v);
}

/* ---- shell ---- */

enum shell_text { SHELL_WHOLE, SHELL_MORE, SHELL_WRONG };

/* Is that the whole of a logical line?  Bash itself is asked: only it knows
 * its quotes, here-documents and compound commands. */
static enum shell_text
shell_ask(struct run *r, const char *text, const char **why)
{
	static const char *const more[] = { "unexpected end of file",
		"unexpected EOF", "here-document" };
	const char *file = arena_printf(&r->arena, "%s/line.sh", r->dir);
	const char *argv[] = { "bash", "-n", file, NULL };
	const char *envp[] = { "PATH=/usr/local/bin:/usr/bin:/bin",
		"LC_ALL=C", NULL };
	struct proc_opts o = {
		.argv = (char *const *)(uintptr_t)argv,
		.envp = (char *const *)(uintptr_t)envp,
	};
	size_t n = strlen(text), slashes = 0;
	struct err e = ERR_INIT;
	const char *out = "";
	bool late;
	int rc;

	*why = "";
	if (n > 0 && text[n - 1] == '\n')
		n--;
	while (slashes < n && text[n - 1 - slashes] == '\\')
		slashes++;
	if (slashes % 2 == 1)
		return (SHELL_MORE);
	if (file_write(file, text, strlen(text), 0600, &e) != 0 ||
	    (rc = proc_run(&o, INT64_C(10000000), &r->arena, &out, why, &late,
	    &e)) < 0) {
		*why = arena_strdup(&r->arena, err_msg(&e));
		err_release(&e);
		return (SHELL_WRONG);
	}
	for (size_t i = 0; i < NELEMS(more); i++)
		if (strstr(*why, more[i]) != NULL)
			return (SHELL_MORE);
	return (rc == 0 ? SHELL_WHOLE : SHELL_WRONG);
}

/* From here on the message's place is this line of the block. */
static void
shell_place(struct run *r, const struct line *block, int offset,
    const char *text)
{
	struct line *l = arena_dup(&r->arena, block, sizeof(*block));

	l->at = block->raw_at;
	l->at.line += offset;
	l->text = step_tail(r, text);
	r->line = l;
}

static enum verdict
shell_run(struct run *r, const char *text)
{
	int64_t limit = step_num(r, "within");
	struct err e = ERR_INIT;
	enum verdict v;
	bool late;
	int status;

	status = machine_shell(r->machine, text, limit, &r->exec_out,
	    &r->exec_err, &late, &e);
	r->exec_any = true;
	r->exec_status = status < 0 ? 1 : status;
	run_log(r, "sh", "%s … %d", step_tail(r, text), r->exec_status);
	if (status == 0)
		return (VERDICT_PASS);
	if (late)
		v = run_fail(r, "it did not end within %.1fs: %s",
		    (double)limit / 1e6, step_said(r));
	else if (status < 0)
		v = run_fail(r, "%s: %s", err_msg(&e), step_said(r));
	else
		v = run_fail(r, "it ended with status %d: %s", status,
		    step_said(r));
	err_release(&e);
	return (v);
}

/* Nothing but blanks and comments? */
static bool
shell_is_blank(const char *text)
{

	text += strspn(text, " \t\n");
	return (*text == '\0' || (*text == '#' &&
	    strchr(text, '\n') == strrchr(text, '\n')));
}

enum verdict
step_shell_fn(struct run *r, const struct line *l)
{
	enum verdict v = VERDICT_PASS;
	int at = 0, begin = 0;
	const char *why = "";
	struct buf text;

	buf_init(&text, STEP_LINE_MAX);
	for (const char *s = l->raw; v == VERDICT_PASS && *s != '\0'; at++) {
		size_t n = strcspn(s, "\n");

		if (text.len == 0)
			begin = at;
		buf_add(&text, s, n);
		buf_addc(&text, '\n');
		s += n + (s[n] == '\n');
		if (!buf_ok(&text)) {
			v = run_error(r, "a line of more than %d bytes",
			    STEP_LINE_MAX);
			break;
		}
		if (shell_is_blank(text.p)) {
			buf_reset(&text);
			continue;
		}
		switch (shell_ask(r, text.p, &why)) {
		case SHELL_MORE:
			continue;
		case SHELL_WRONG:
			shell_place(r, l, begin, text.p);
			v = run_error(r, "bash does not understand it: %s",
			    step_tail(r, why));
			break;
		case SHELL_WHOLE:
			shell_place(r, l, begin, text.p);
			v = shell_run(r, text.p);
			break;
		}
		buf_reset(&text);
	}
	if (v == VERDICT_PASS && text.len > 0) {
		shell_place(r, l, begin, text.p);
		v = run_error(r, "the block ends before this line does: %s",
		    step_tail(r, why));
	}
	buf_release(&text);
	if (v == VERDICT_PASS)
		r->line = l;
	return (v);
}
