/* SPDX-License-Identifier: MIT */
/**
 * A function for GNU make, which by itself ends with 0 or 2 only: $(exit-with N) ends make with status N.
 * Loaded by mk/system.mk for `LX_SCRIPT=FILE make run`.
 */
#include <gnumake.h>
#include <stdlib.h>

int plugin_is_GPL_compatible; /* make loads nothing without this; the MIT licence is compatible */

int exit_gmk_setup(void);

static char *exit_with(const char *name, unsigned argc, char **argv)
{
    (void)name;
    (void)argc;
    exit(atoi(argv[0]));
}

int exit_gmk_setup(void)
{
    gmk_add_function("exit-with", exit_with, 1, 1, GMK_FUNC_DEFAULT);
    return 1;
}
