/* SPDX-License-Identifier: MIT */
/** lx chain on the device: the chain of its profile, or one in a file, verified from the first transaction and told. */
#ifndef LX_APP_CHAIN_H
#define LX_APP_CHAIN_H

/** Runs "lx chain" with its operands. @return the program's status. */
int chain_command(int argc, char **argv);

#endif
