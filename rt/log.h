/* SPDX-License-Identifier: MIT */
/** Private to rt: the log ring is opened before init(). */
#ifndef LX_RT_LOG_H
#define LX_RT_LOG_H

void log_start(void);

#endif
