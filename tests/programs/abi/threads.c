/* SPDX-License-Identifier: MIT */
/** Threads, futexes, and what threads share. See abi.h. */
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>

#include "abi.h"

static long futex(volatile int *word, int op, int value, const struct timespec *timeout)
{
    return syscall(SYS_futex, word, op, value, timeout, NULL, 0);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long counter;

static void *count_up(void *argument)
{
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&mutex);
        long seen = counter;
        if (i % 500 == 0) {
            sched_yield();
        }
        counter = seen + 1;
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}

static void mutex_excludes(void)
{
    pthread_t threads[8];
    for (size_t i = 0; i < LENGTH(threads); i++) {
        SAME(pthread_create(&threads[i], NULL, count_up, &mutex), 0);
    }
    for (size_t i = 0; i < LENGTH(threads); i++) {
        void *result = NULL;
        SAME(pthread_join(threads[i], &result), 0);
        CHECK(result == &mutex);
    }
    SAME(counter, 16000);
}

static int turn;

static void *answer(void *argument)
{
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < 200; i++) {
        while (turn != 1) {
            pthread_cond_wait(&cond, &mutex);
        }
        turn = 0;
        pthread_cond_broadcast(&cond);
    }
    pthread_mutex_unlock(&mutex);
    return argument;
}

static void condition_passes_turns(void)
{
    pthread_t thread;
    SAME(pthread_create(&thread, NULL, answer, NULL), 0);
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < 200; i++) {
        turn = 1;
        pthread_cond_broadcast(&cond);
        while (turn != 0) {
            pthread_cond_wait(&cond, &mutex);
        }
    }
    pthread_mutex_unlock(&mutex);
    SAME(pthread_join(thread, NULL), 0);
}

static void condition_times_out(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 30000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&mutex);
    SAME(pthread_cond_timedwait(&cond, &mutex, &until), ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

static __thread int mine = 7;

static void *own_variable(void *argument)
{
    CHECK(mine == 7);
    mine = 8;
    return argument;
}

static void threads_have_their_own(void)
{
    pthread_t thread;
    mine = 9;
    SAME(pthread_create(&thread, NULL, own_variable, NULL), 0);
    SAME(pthread_join(thread, NULL), 0);
    SAME(mine, 9);
}

static void *tid_of(void *out)
{
    *(pid_t *)out = gettid();
    return NULL;
}

static void thread_ids(void)
{
    pthread_t thread;
    pid_t tid = 0;
    SAME(pthread_create(&thread, NULL, tid_of, &tid), 0);
    SAME(pthread_join(thread, NULL), 0);
    CHECK(tid != 0 && tid != getpid());
    SAME(gettid(), getpid());
    FAILS(syscall(SYS_tgkill, getpid(), tid, 0), ESRCH);
}

static void futex_values(void)
{
    volatile int word = 5;
    struct timespec soon = {0, 20000000};
    FAILS(futex(&word, FUTEX_WAIT_PRIVATE, 4, NULL), EAGAIN);
    FAILS(futex(&word, FUTEX_WAIT_PRIVATE, 5, &soon), ETIMEDOUT);
    SAME(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL), 0);
    FAILS(syscall(SYS_futex, (char *)(uintptr_t)&word + 1, FUTEX_WAIT_PRIVATE, 5, NULL, NULL, 0), EINVAL);
    FAILS(syscall(SYS_futex, 8, FUTEX_WAIT_PRIVATE, 5, NULL, NULL, 0), EFAULT);
    struct timespec bad = {0, 1000000000};
    FAILS(futex(&word, FUTEX_WAIT_PRIVATE, 5, &bad), EINVAL);
}

static volatile int gate, other_gate;
static volatile int released;

static void *wait_at_gate(void *argument)
{
    while (gate == 0) {
        (void)futex(&gate, FUTEX_WAIT_PRIVATE, 0, NULL);
    }
    __atomic_fetch_add(&released, 1, __ATOMIC_SEQ_CST);
    return argument;
}

static void *wait_once(void *argument)
{
    (void)futex(&gate, FUTEX_WAIT_PRIVATE, 0, NULL);
    __atomic_fetch_add(&released, 1, __ATOMIC_SEQ_CST);
    return argument;
}

static void futex_wakes_as_many_as_asked(void)
{
    pthread_t threads[5];
    for (size_t i = 0; i < LENGTH(threads); i++) {
        SAME(pthread_create(&threads[i], NULL, wait_at_gate, NULL), 0);
    }
    sleep_ms(30);
    SAME(futex(&gate, FUTEX_WAKE_PRIVATE, 2, NULL), 2);
    gate = 1;
    long woken = futex(&gate, FUTEX_WAKE_PRIVATE, 100, NULL);
    CHECK(woken >= 3 && woken <= 5);
    for (size_t i = 0; i < LENGTH(threads); i++) {
        SAME(pthread_join(threads[i], NULL), 0);
    }
}

static void futex_requeues(void)
{
    pthread_t threads[4];
    for (size_t i = 0; i < LENGTH(threads); i++) {
        SAME(pthread_create(&threads[i], NULL, wait_once, NULL), 0);
    }
    sleep_ms(30);
    FAILS(syscall(SYS_futex, &gate, FUTEX_CMP_REQUEUE_PRIVATE, 1, 10, &other_gate, 1), EAGAIN);
    SAME(syscall(SYS_futex, &gate, FUTEX_CMP_REQUEUE_PRIVATE, 1, 10, &other_gate, 0), 4);
    sleep_ms(20);
    SAME(released, 1);
    SAME(futex(&gate, FUTEX_WAKE_PRIVATE, 10, NULL), 0);
    SAME(futex(&other_gate, FUTEX_WAKE_PRIVATE, 10, NULL), 3);
    for (size_t i = 0; i < LENGTH(threads); i++) {
        SAME(pthread_join(threads[i], NULL), 0);
    }
}

static void *barrier_round(void *barrier)
{
    for (int i = 0; i < 20; i++) {
        pthread_barrier_wait(barrier);
    }
    return NULL;
}

static void semaphores_and_barriers(void)
{
    sem_t sem;
    SAME(sem_init(&sem, 0, 1), 0);
    SAME(sem_wait(&sem), 0);
    FAILS(sem_trywait(&sem), EAGAIN);
    SAME(sem_post(&sem), 0);
    SAME(sem_wait(&sem), 0);
    pthread_barrier_t barrier;
    pthread_t threads[3];
    SAME(pthread_barrier_init(&barrier, NULL, 4), 0);
    for (size_t i = 0; i < LENGTH(threads); i++) {
        SAME(pthread_create(&threads[i], NULL, barrier_round, &barrier), 0);
    }
    barrier_round(&barrier);
    for (size_t i = 0; i < LENGTH(threads); i++) {
        SAME(pthread_join(threads[i], NULL), 0);
    }
}

static void *sleep_forever(void *argument)
{
    for (;;) {
        pause();
    }
    return argument;
}

static void cancel_ends_a_sleeper(void)
{
    pthread_t thread;
    void *result = NULL;
    SAME(pthread_create(&thread, NULL, sleep_forever, NULL), 0);
    sleep_ms(10);
    SAME(pthread_cancel(thread), 0);
    SAME(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
}

static void exit_ends_all_threads(void)
{
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        for (int i = 0; i < 5; i++) {
            (void)pthread_create(&thread, NULL, sleep_forever, NULL);
        }
        _exit(3);
    }
    SAME(WEXITSTATUS(status_of(child)), 3);
}

static void fork_copies_one_thread(void)
{
    pthread_t thread;
    SAME(pthread_create(&thread, NULL, sleep_forever, NULL), 0);
    pid_t child = fork();
    if (child == 0) {
        char text[512] = "";
        int fd = open("/proc/self/stat", O_RDONLY);
        ssize_t n = read(fd, text, sizeof text - 1);
        char *at = n > 0 ? strrchr(text, ')') : NULL;
        for (int i = 0; at != NULL && i < 18; i++) { /* to the number of threads, field 20 */
            at = strchr(at + 1, ' ');
        }
        _exit(at != NULL && atoi(at) == 1 ? 0 : 1);
    }
    SAME(status_of(child), 0);
}

static void *execute(void *argument)
{
    (void)execl("/bin/sh", "sh", "-c", "exit 6", (char *)NULL);
    return argument;
}

static void exec_from_a_thread(void)
{
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        (void)pthread_create(&thread, NULL, execute, NULL);
        sleep_forever(NULL);
    }
    SAME(WEXITSTATUS(status_of(child)), 6);
}

static void *nothing(void *argument)
{
    return argument;
}

static void threads_come_and_go(void)
{
    for (int i = 0; i < 300; i++) {
        pthread_t thread;
        SAME(pthread_create(&thread, NULL, nothing, NULL), 0);
        SAME(pthread_join(thread, NULL), 0);
    }
}

static void too_many_are_refused(void)
{
    static pthread_t threads[400];
    pthread_attr_t attributes;
    SAME(pthread_attr_init(&attributes), 0);
    SAME(pthread_attr_setstacksize(&attributes, 131072), 0);
    size_t count = 0;
    int error = 0;
    while (count < LENGTH(threads) && (error = pthread_create(&threads[count], &attributes, wait_at_gate, NULL)) == 0) {
        count++;
    }
    CHECK(count >= 64);
    CHECK(error == 0 || error == EAGAIN || error == ENOMEM);
    gate = 1;
    (void)futex(&gate, FUTEX_WAKE_PRIVATE, 1000, NULL);
    for (size_t i = 0; i < count; i++) {
        SAME(pthread_join(threads[i], NULL), 0);
    }
    SAME(released, (int)count);
}

const struct test thread_tests[] = {
    {"a mutex excludes", mutex_excludes},
    {"a condition passes turns", condition_passes_turns},
    {"a condition times out", condition_times_out},
    {"threads have their own variables", threads_have_their_own},
    {"thread ids", thread_ids},
    {"futex compares, times out, refuses", futex_values},
    {"futex wakes as many as asked", futex_wakes_as_many_as_asked},
    {"futex requeues", futex_requeues},
    {"semaphores and barriers", semaphores_and_barriers},
    {"cancel ends a sleeper", cancel_ends_a_sleeper},
    {"exit ends all threads", exit_ends_all_threads},
    {"fork copies one thread", fork_copies_one_thread},
    {"exec from a thread", exec_from_a_thread},
    {"threads come and go", threads_come_and_go},
    {"too many are refused, and the rest lives", too_many_are_refused},
};
const size_t thread_test_count = LENGTH(thread_tests);
