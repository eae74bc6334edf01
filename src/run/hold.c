/* SPDX-License-Identifier: MIT */
/*
 * A thread that is held while its call is answered, so that the answer is neither lost nor given twice.
 *
 * An answer can be lost: whoever calls may have been woken by a signal already, but not yet be seen to have gone from
 * his call (seccomp_do_user_notification, in Linux's seccomp.c). The answer is then taken, and thrown away; he is told
 * EINTR, or calls again. For most calls that is no harm. But bytes that were taken out of a stream for him would be a
 * gap in it, what was sent for him would go twice, and a connect that has been done is an error when it comes again.
 *
 * Therefore the thread is stopped, by ptrace, before anything is done for it. The stop wakes it like a signal, and so
 * takes it out of its call, but comes before every signal and before user space: the notification is void, and the
 * thread stands there with a call that has done nothing and is about to be restarted. Then we do what the call is for,
 * write its result into the registers, with no call left to restart, and let go. A signal that came in between shows as
 * a stop of its own; it is delivered as we let go, to a program whose call has ended.
 *
 * That it stands there out of this very call is known by two things: the notification was valid when the thread was
 * ours already, since when it has not been able to get past us; and its registers say so.
 *
 * One that is traced by another (a debugger, strace) cannot be held, nor one whose registers we do not know.
 *
 * A stop takes as long as the thread needs to get on a processor. It is not waited for longer than PATIENCE: one that
 * gets none is let go when it comes to it (hold_late), and makes its call once more.
 */
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run/private.h"

#define PATIENCE (WEFT_S / 20)
#define ALARM    SIGRTMAX

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* ---- registers ---- */

#if defined(__x86_64__)
#define ERESTARTSYS 512 /* the kernel's own, which nobody else sees */

/* Does the stopped thread stand at the end of this call, which was interrupted before it did anything? */
static bool is_out_of(const struct call *c)
{
    struct user_regs_struct r;
    struct iovec all = {&r, sizeof r};

    return ptrace(PTRACE_GETREGSET, c->tid, NT_PRSTATUS, &all) == 0 && (int64_t)r.orig_rax == c->nr &&
           (int64_t)r.rax == -ERESTARTSYS && r.rdi == c->arg[0] && r.rsi == c->arg[1] && r.rdx == c->arg[2] &&
           r.r10 == c->arg[3] && r.r8 == c->arg[4] && r.r9 == c->arg[5];
}

/* The call has ended, with this. */
static void set_result(pid_t tid, int64_t result)
{
    ptrace(PTRACE_POKEUSER, tid, offsetof(struct user, regs.rax), result);
    ptrace(PTRACE_POKEUSER, tid, offsetof(struct user, regs.orig_rax), -1L);
}

static bool seize(pid_t tid) { return ptrace(PTRACE_SEIZE, tid, NULL, NULL) == 0; }
#else
static bool is_out_of(const struct call *c)
{
    (void)c;
    return false;
}

static void set_result(pid_t tid, int64_t result)
{
    (void)tid;
    (void)result;
}

static bool seize(pid_t tid)
{
    (void)tid;
    return false;
}
#endif

/* ---- waiting ---- */

static void ring(int signal) { (void)signal; }

/* What ends a wait that lasts too long: a signal to the host's thread. */
static bool alarm_open(struct run *run)
{
    struct sigevent to = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = ALARM};
    struct sigaction how = {.sa_handler = ring};
    sigset_t set;

    if (run->holds)
        return true;
    sigemptyset(&set);
    sigaddset(&set, ALARM);
    to.sigev_notify_thread_id = gettid();
    run->holds = sigaction(ALARM, &how, NULL) == 0 && pthread_sigmask(SIG_UNBLOCK, &set, NULL) == 0 &&
                 timer_create(CLOCK_MONOTONIC, &to, &run->hold_alarm) == 0;
    return run->holds;
}

/* It rings once more until it is heard: the first time may be before we wait. */
static void alarm_set(const struct run *run, weft_time after)
{
    const struct timespec t = {(time_t)(after / WEFT_S), (long)(after % WEFT_S)};

    timer_settime(run->hold_alarm, 0, &(struct itimerspec){t, t}, NULL);
}

/* What has become of a thread that we trace; false: nothing yet. Only a look: a child's end is for who reaps. */
static bool look(pid_t tid, int options, siginfo_t *out)
{
    *out = (siginfo_t){0};
    if (waitid(P_PID, (id_t)tid, out, WEXITED | WSTOPPED | WNOWAIT | __WALL | options) < 0)
        return errno != EINTR; /* ECHILD: it is nobody's any more */
    return out->si_pid != 0;
}

static bool is_stop(const siginfo_t *i) { return i->si_code == CLD_TRAPPED || i->si_code == CLD_STOPPED; }

/* The signal that the thread was stopped on the way to, rather than by us or with all of its group; else 0. */
static int signal_of(const siginfo_t *stop) { return stop->si_status >> 8 ? 0 : stop->si_status; }

/* True: it is not traced by us any more. */
static bool let_go(pid_t tid, int signal) { return ptrace(PTRACE_DETACH, tid, NULL, (long)signal) == 0; }

/* ---- those that came late, or died meanwhile ---- */

static void keep_late(struct run *run, pid_t tid)
{
    run->late[run->n_late++] = tid;
    park_ring(run);
}

/* Its parent is told of its end once its tracer has been told: that is done here, or where our own children are reaped. */
static bool is_settled(pid_t tid)
{
    siginfo_t what;

    if (!look(tid, WNOHANG, &what))
        return false;
    if (is_stop(&what))
        return let_go(tid, signal_of(&what));
    if (what.si_pid && !task_is_child(tid))
        waitpid(tid, NULL, __WALL | WNOHANG);
    return true;
}

void hold_late(struct run *run)
{
    size_t i = 0;

    while (i < run->n_late) {
        if (is_settled(run->late[i]))
            run->late[i] = run->late[--run->n_late];
        else
            i++;
    }
}

/* ---- holding ---- */

bool call_hold(struct call *c)
{
    struct run *run = c->run;
    siginfo_t stop;
    bool valid, stopped;

    if (c->held || run->n_late == HOLD_LATE || !alarm_open(run) || !seize(c->tid))
        return true;
    valid = call_is_valid(c);
    ptrace(PTRACE_INTERRUPT, c->tid, NULL, NULL);
    alarm_set(run, PATIENCE);
    stopped = look(c->tid, 0, &stop) && is_stop(&stop);
    alarm_set(run, 0);
    c->signal = stopped ? signal_of(&stop) : 0;
    c->held = stopped && valid && is_out_of(c);
    if (!c->held && !(stopped && let_go(c->tid, c->signal)))
        keep_late(run, c->tid);
    return c->held;
}

void hold_end(struct call *c)
{
    c->held = false;
    if (!let_go(c->tid, c->signal))
        keep_late(c->run, c->tid); /* it was killed */
}

void hold_answer(struct call *c, int64_t result)
{
    set_result(c->tid, result);
    hold_end(c);
}

void hold_begin(void)
{
    struct sigaction child;

    if (sigaction(SIGCHLD, NULL, &child) < 0)
        return;
    child.sa_flags |= SA_NOCLDSTOP;
    sigaction(SIGCHLD, &child, NULL);
}

void hold_free(struct run *run)
{
    hold_late(run);
    if (run->holds)
        timer_delete(run->hold_alarm);
}
