/*
 * GLib's locks on top of pthreads, for builds with ThreadSanitizer only.
 *
 * GLib's own GMutex and GCond are futexes inside a library that is not
 * instrumented, so the sanitizer does not see who waits for whom and reports
 * races that are none.  These functions take the place of GLib's in the whole
 * process.  The pthread object is allocated at first use, as GLib allows a
 * zeroed GMutex or GCond to be used.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t *mutex_of(GMutex *m)
{
    pthread_mutex_t *p = __atomic_load_n(&m->p, __ATOMIC_ACQUIRE);
    gpointer none = NULL;

    if (p) {
        return p;
    }
    p = malloc(sizeof(*p));
    pthread_mutex_init(p, NULL);
    if (!__atomic_compare_exchange_n(&m->p, &none, p, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        pthread_mutex_destroy(p);
        free(p);
        return none;
    }
    return p;
}

static pthread_cond_t *cond_of(GCond *c)
{
    pthread_cond_t *p = __atomic_load_n(&c->p, __ATOMIC_ACQUIRE);
    gpointer none = NULL;
    pthread_condattr_t attr;

    if (p) {
        return p;
    }
    p = malloc(sizeof(*p));
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(p, &attr);
    pthread_condattr_destroy(&attr);
    if (!__atomic_compare_exchange_n(&c->p, &none, p, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        pthread_cond_destroy(p);
        free(p);
        return none;
    }
    return p;
}

void g_mutex_init(GMutex *m)
{
    m->p = NULL;
}

void g_mutex_clear(GMutex *m)
{
    if (m->p) {
        pthread_mutex_destroy(m->p);
        free(m->p);
        m->p = NULL;
    }
}

void (g_mutex_lock)(GMutex *m)
{
    pthread_mutex_lock(mutex_of(m));
}

gboolean (g_mutex_trylock)(GMutex *m)
{
    return pthread_mutex_trylock(mutex_of(m)) == 0;
}

void (g_mutex_unlock)(GMutex *m)
{
    pthread_mutex_unlock(mutex_of(m));
}

void g_cond_init(GCond *c)
{
    c->p = NULL;
}

void g_cond_clear(GCond *c)
{
    if (c->p) {
        pthread_cond_destroy(c->p);
        free(c->p);
        c->p = NULL;
    }
}

void g_cond_wait(GCond *c, GMutex *m)
{
    pthread_cond_wait(cond_of(c), mutex_of(m));
}

gboolean g_cond_wait_until(GCond *c, GMutex *m, gint64 end_us)
{
    struct timespec ts = {
        .tv_sec = end_us / 1000000, .tv_nsec = end_us % 1000000 * 1000,
    };

    return pthread_cond_timedwait(cond_of(c), mutex_of(m), &ts) != ETIMEDOUT;
}

void g_cond_signal(GCond *c)
{
    pthread_cond_signal(cond_of(c));
}

void g_cond_broadcast(GCond *c)
{
    pthread_cond_broadcast(cond_of(c));
}
