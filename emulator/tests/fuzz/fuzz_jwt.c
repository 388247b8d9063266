/* identity/jwt: whatever it says of itself, a token that this key did not sign
 * is not verified by it. */
#include "emulator/identity/jwt.h"
#include "emulator/tests/fuzz/fuzz.h"

/* A key whose other half nobody has. */
static const char *
key(void)
{
	static struct arena forever = ARENA_INIT;
	static const char *pub;
	const char *priv;
	struct err e = ERR_INIT;

	if (pub == NULL)
		MUST(jwt_new_key(&forever, &priv, &pub, &e) == 0);
	return (pub);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	struct jwt t;

	if (jwt_parse(&a, fuzz_text(&a, p, n), &t, &e) == 0) {
		MUST(t.input != NULL && (t.sig != NULL || t.nsig == 0));
		MUST(!jwt_verify(&t, key()));
	} else
		MUST(err_msg(&e)[0] != '\0');
	err_release(&e);
	arena_release(&a);
	return (0);
}
