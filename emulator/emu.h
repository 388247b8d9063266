/* emulator/emu.h: one running emulator: the parts that a request may need.
 * Filled by main.c before the first connection and constant afterwards, apart
 * from what each part guards itself. */
#ifndef EMULATOR_EMU_H
#define EMULATOR_EMU_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/clock.h"

struct store;
struct faults;
struct journal;
struct server;
struct hosts;
struct metrics;
struct gate;
struct seen;

#define EMULATOR_VERSION "0.1"

struct emu {
	struct store	*store;
	struct faults	*faults;
	struct journal	*journal;
	struct server	*server;
	struct metrics	*metrics;	/* NULL: nobody counts */
	struct gate	*gate;		/* NULL: all pass */
	struct seen	*seen;		/* iam_setup()'s */
	struct clock	clock;		/* shifted through the control API */
	bool	auth_http;		/* --auth for the plain endpoint: off */
	bool	auth_proxy;		/* … and for impersonation: on */
	const char *data;		/* the data directory */
	bool	temporary;		/* it goes at the end */
	const char *ca_file;		/* PEM of the CA's certificate */
	int64_t	soft_delete_s;		/* policy of new buckets; 0: off */
	const char *project;		/* --project, `litedrill` by default */
	int64_t	project_number;
	const char *control_token;	/* of the control API */
	const char *owner;		/* e-mail of the project's owner */
	struct hosts	*hosts;		/* further names to answer for */
	const char *location;	/* of buckets made without one; NULL: US */
	const char *cors_headers;	/* NULL: pages of other origins get
					 * nothing but what buckets allow */
	bool	internal;		/* /_internal/ may change things */
	bool	all_projects;		/* each project lists all buckets */
	const char *seed;		/* NULL, or the folder to seed from */
	int	http_port, https_port, proxy_port;	/* 0: none */
};

#endif
