/*
 * The simulator and the ideal, see sched_sim.h.
 *
 * Events in order of time: a client's next submission or change of phase, the
 * end of the kernel that runs, the time to preempt it, the time at which the
 * scheduler wants to look again.  After each, whoever is next begins.
 *
 * The ideal goes from event to event too: submissions, phases, a backlog that
 * runs empty.  In between, rates are constant: a client that is backlogged
 * could use the whole GPU, one that submits one at a time the part k / (k + g)
 * that it uses alone.
 *
 * Both add what each client got to bins of 10 ms, from which windows of 1 s at
 * every bin are compared.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sched_sim.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#define US          1000ull
#define MS          1000000ull
#define SECOND      1000000000ull
#define NEVER       UINT64_MAX
#define BIN         (10 * MS)
#define WINDOW_BINS (SECOND / BIN)
/* Where the soft GPU can stop a launch: between blocks. */
#define BLOCK_US    100

typedef struct Client {
    const SimClient *is;
    uint64_t join, leave;
    GArray *queue;          /* submission times of kernels not yet begun */
    uint64_t next;          /* when it submits the next one; NEVER: later */
    uint64_t left;          /* of the kernel that was begun; 0: none */
    uint64_t backlog;       /* ideal: nanoseconds (SIM_PERIODIC) */
    double done;            /* ideal: fraction of a nanosecond carried */
    GArray *waits;          /* double, ms */
    double *got, *due;      /* by bin, nanoseconds */
    bool present;
} Client;

typedef struct Sim {
    const SimMix *mix;
    GpuvmCore *core;
    Client client[SIM_CLIENTS];
    unsigned n;
    uint64_t now, end, busy;
    uint32_t running;       /* slot, or GPUVM_CORE_NOBODY */
    uint64_t generation, began, finish, yield, look;
    GRand *rand;
} Sim;

/* ---- clients ---------------------------------------------------------------- */

static bool is_on(const Client *k, uint64_t t)
{
    uint64_t on = k->is->on_ms * MS, off = k->is->off_ms * MS;

    return t >= k->join && t < k->leave &&
           (!on || (t - k->join) % (on + off) < on);
}

/* The next time after @t at which is_on() may change. */
static uint64_t phase_end(const Client *k, uint64_t t)
{
    uint64_t on = k->is->on_ms * MS, off = k->is->off_ms * MS, in;

    if (t < k->join) {
        return k->join;
    }
    if (!on) {
        return t < k->leave ? k->leave : NEVER;
    }
    in = (t - k->join) % (on + off);
    return MIN(t - in + (in < on ? on : on + off),
               t < k->leave ? k->leave : NEVER);
}

static uint64_t kernel_ns(Sim *s, const Client *k)
{
    double v = k->is->jitter / 100.0;

    return k->is->kernel_us * US *
           (v ? g_rand_double_range(s->rand, 1 - v, 1 + v) : 1.0);
}

static void submit(Sim *s, Client *k)
{
    g_array_append_val(k->queue, s->now);
    gpuvm_core_arrive(s->core, k - s->client, s->now);
}

/* What the client does on its own until s->now. */
static void client_step(Sim *s, Client *k)
{
    uint32_t slot = k - s->client;

    if (!k->present && s->now >= k->join && s->now < k->leave) {
        k->present = gpuvm_core_join(s->core, slot, 0, k->is->weight,
                                     k->is->cap, s->now);
        k->next = s->now;
    }
    if (k->present && s->now >= k->leave) {
        if (s->running == slot) {
            s->running = GPUVM_CORE_NOBODY;
        }
        gpuvm_core_leave(s->core, slot, s->now);
        k->present = false;
        k->next = NEVER;
        g_array_set_size(k->queue, 0);
    }
    if (!k->present || s->now < k->next) {
        return;
    }
    if (!is_on(k, s->now)) {
        k->next = phase_end(k, s->now);
        return;
    }
    submit(s, k);
    k->next = k->is->kind == SIM_PERIODIC ?
              k->next + k->is->every_us * US : NEVER;
}

static void add(double *bins, uint64_t from, uint64_t to, double rate)
{
    while (from < to) {
        uint64_t edge = MIN(to, (from / BIN + 1) * BIN);

        bins[from / BIN] += (edge - from) * rate;
        from = edge;
    }
}

/* ---- the GPU -------------------------------------------------------------------- */

static void begin(Sim *s, uint32_t slot)
{
    Client *k = &s->client[slot];

    s->generation = gpuvm_core_begin(s->core, slot, s->now);
    g_assert(s->generation);
    if (!k->left) {
        double ms = (s->now - g_array_index(k->queue, uint64_t, 0)) / 1e6;

        g_array_append_val(k->waits, ms);
        g_array_remove_index(k->queue, 0);
        k->left = kernel_ns(s, k);
    }
    s->running = slot;
    s->began = s->now;
    s->finish = s->now + k->left;
}

static void stop(Sim *s)
{
    Client *k = &s->client[s->running];
    uint64_t ns = s->now - s->began;
    uint32_t slot = s->running;

    s->busy += ns;
    add(k->got, s->began, s->now, 1);
    k->left -= MIN(ns, k->left);
    s->running = GPUVM_CORE_NOBODY;
    if (!k->left && k->is->kind == SIM_SINGLE) {
        k->next = s->now + k->is->every_us * US;
    } else if (!k->left && k->is->kind == SIM_BACKLOG) {
        k->next = is_on(k, s->now) ? NEVER : phase_end(k, s->now);
        if (k->next == NEVER) {
            g_array_append_val(k->queue, s->now);
        }
    }
    gpuvm_core_charge(s->core, slot, ns, s->now);
    gpuvm_core_end(s->core, slot, s->generation, k->left || k->queue->len,
                   s->now);
}

/* Whoever is next begins; else the time to look again is noted. */
static void dispatch(Sim *s)
{
    s->look = s->yield = NEVER;
    if (s->running == GPUVM_CORE_NOBODY) {
        GpuvmCoreNext next = gpuvm_core_next(s->core, s->now);

        if (next.slot != GPUVM_CORE_NOBODY && !next.at_ns) {
            begin(s, next.slot);
        } else {
            s->look = next.at_ns;
        }
    }
    if (s->running != GPUVM_CORE_NOBODY) {
        uint64_t at = gpuvm_core_yield_at(s->core, s->now);
        uint64_t block = BLOCK_US * US;

        if (at != NEVER) {
            at = MAX(at, s->now) - s->began;
            s->yield = s->began + (at + block) / block * block;
        }
    }
}

static uint64_t next_event(const Sim *s)
{
    uint64_t t = MIN(s->look, s->yield);
    unsigned i;

    if (s->running != GPUVM_CORE_NOBODY) {
        t = MIN(t, s->finish);
    }
    for (i = 0; i < s->n; i++) {
        const Client *k = &s->client[i];

        t = MIN(t, k->present ? MIN(k->next, k->leave) :
                   s->now < k->join ? k->join : NEVER);
    }
    return MIN(t, s->end);
}

static void simulate(Sim *s)
{
    unsigned i;

    s->now = 0;
    s->running = GPUVM_CORE_NOBODY;
    while (s->now < s->end) {
        for (i = 0; i < s->n; i++) {
            uint64_t before;

            do {
                before = s->client[i].next;
                if (s->running == i && s->now >= s->client[i].leave) {
                    stop(s);
                }
                client_step(s, &s->client[i]);
            } while (s->client[i].next != before &&
                     s->client[i].next <= s->now);
        }
        dispatch(s);
        s->now = next_event(s);
        if (s->running != GPUVM_CORE_NOBODY &&
            (s->now >= s->finish || s->now >= s->yield || s->now >= s->end)) {
            stop(s);
        }
    }
}

/* ---- the ideal --------------------------------------------------------------------- */

/* What a client can use now, as a part of the GPU. */
static double wants(const Client *k, uint64_t t)
{
    double most = k->is->cap ? k->is->cap / 100.0 : 1.0;

    switch (k->is->kind) {
    case SIM_PERIODIC:
        return t < k->leave && k->backlog ? most : 0;
    case SIM_SINGLE:
        return is_on(k, t) ? MIN(most, (double)k->is->kernel_us /
                                 (k->is->kernel_us + k->is->every_us)) : 0;
    default:
        return is_on(k, t) ? most : 0;
    }
}

static void water_fill(const Sim *s, uint64_t t, double *rate)
{
    bool open[SIM_CLIENTS];
    double left = 1, want[SIM_CLIENTS];
    bool again = true;
    unsigned i;

    for (i = 0; i < s->n; i++) {
        want[i] = wants(&s->client[i], t);
        open[i] = want[i] > 0;
        rate[i] = 0;
    }
    while (again) {
        double weights = 0, taken = 0;

        again = false;
        for (i = 0; i < s->n; i++) {
            weights += open[i] ? s->client[i].is->weight ?: 100 : 0;
        }
        for (i = 0; i < s->n; i++) {
            double part = left * (s->client[i].is->weight ?: 100) / weights;

            if (open[i] && part >= want[i]) {
                rate[i] = want[i];
                taken += want[i];
                open[i] = false;
                again = true;
            } else if (open[i]) {
                rate[i] = part;
            }
        }
        left -= taken;
    }
}

static double idealise(Sim *s)
{
    double rate[SIM_CLIENTS], busy = 0;
    uint64_t t = 0, then;
    unsigned i;

    for (i = 0; i < s->n; i++) {
        s->client[i].next = s->client[i].join;
        s->client[i].backlog = 0;
    }
    while (t < s->end) {
        for (i = 0; i < s->n; i++) {
            Client *k = &s->client[i];

            if (k->is->kind == SIM_PERIODIC && t >= k->next && t < k->leave) {
                k->backlog += k->is->kernel_us * US;
                k->next += k->is->every_us * US;
            }
        }
        water_fill(s, t, rate);
        then = s->end;
        for (i = 0; i < s->n; i++) {
            Client *k = &s->client[i];

            then = MIN(then, phase_end(k, t));
            if (k->is->kind == SIM_PERIODIC) {
                then = MIN(then, k->next > t ? k->next : NEVER);
                if (rate[i] > 0) {
                    then = MIN(then, t + (uint64_t)ceil(k->backlog / rate[i]));
                }
            }
        }
        for (i = 0; i < s->n; i++) {
            Client *k = &s->client[i];
            double ns = (then - t) * rate[i];

            if (k->is->kind == SIM_PERIODIC) {
                ns = MIN(ns, k->backlog);
                k->backlog -= (uint64_t)ns;
                k->backlog = k->backlog < 2 ? 0 : k->backlog;
            }
            add(k->due, t, then, ns / (then - t));
            busy += ns;
        }
        t = then;
    }
    return busy;
}

/* ---- comparing ------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    return *(const double *)a < *(const double *)b ? -1 :
           *(const double *)a > *(const double *)b;
}

static void judge_windows(Client *k, SimOne *o, unsigned bins)
{
    double got = 0, due = 0, to_points = 100.0 / SECOND;
    unsigned b;

    o->least = 100;
    for (b = 0; b < bins; b++) {
        double dev;

        got += k->got[b];
        due += k->due[b];
        if (b < WINDOW_BINS - 1) {
            continue;
        }
        dev = (got - due) * to_points;
        if (fabs(dev) > fabs(o->worst)) {
            o->worst = dev;
        }
        if (k->is->cap) {
            o->over_cap = MAX(o->over_cap, got * to_points - k->is->cap);
        }
        if (due >= 2 * k->is->kernel_us * US) {
            o->least = MIN(o->least, got * to_points);
        }
        got -= k->got[b - (WINDOW_BINS - 1)];
        due -= k->due[b - (WINDOW_BINS - 1)];
    }
}

static void judge(Sim *s, SimResult *r)
{
    unsigned bins = s->end / BIN, i, b;
    double sum = 0, squares = 0, used = 0;

    for (i = 0; i < s->n; i++) {
        Client *k = &s->client[i];
        SimOne *o = &r->one[i];
        double got = 0, due = 0, x;

        o->is = k->is;
        for (b = 0; b < bins; b++) {
            got += k->got[b];
            due += k->due[b];
        }
        o->share = got * 100 / s->end;
        o->ideal = due * 100 / s->end;
        judge_windows(k, o, bins);
        qsort(k->waits->data, k->waits->len, sizeof(double), compare);
        o->kernels = k->waits->len;
        if (k->waits->len) {
            double *w = (double *)k->waits->data;

            o->wait_p99_ms = w[(k->waits->len - 1) * 99 / 100];
            o->wait_max_ms = w[k->waits->len - 1];
        }
        r->worst = MAX(r->worst, fabs(o->worst));
        if (!s->mix->quantum_us) {
            r->kernel_points = MAX(r->kernel_points, k->is->kernel_us *
                                   (100 + k->is->jitter) / 1e6);
        } else {
            r->kernel_points = s->mix->quantum_us / 1e4;
        }
        if (k->is->kind == SIM_PERIODIC) {
            r->wait_p99_ms = MAX(r->wait_p99_ms, o->wait_p99_ms);
        }
        x = o->ideal ? o->share / o->ideal : 1;
        sum += x;
        squares += x * x;
        used += got;
    }
    r->n = s->n;
    r->jain = sum * sum / (s->n * squares);
    r->busy = used * 100 / s->end;
    r->sum_error = fabs((double)gpuvm_core_busy_ns(s->core) - s->busy);
}

void sim_run(const SimMix *mix, GpuvmCorePolicyId policy, SimResult *r)
{
    Sim s = { .mix = mix, .end = mix->seconds * SECOND };
    const SimClient *row;
    unsigned i;

    s.core = g_new0(GpuvmCore, 1);
    gpuvm_core_init(s.core, policy, 0);
    gpuvm_core_set_quantum(s.core, mix->quantum_us * US);
    s.rand = g_rand_new_with_seed(5);
    for (row = mix->client; row->kind != SIM_END; row++) {
        for (i = 0; i < MAX(row->count, 1); i++) {
            s.client[s.n++] = (Client) {
                .is = row,
                .join = row->join_ms * MS +
                        (row->kind == SIM_PERIODIC && row->count ?
                         i * row->every_us * US / row->count : 0),
                .leave = row->leave_ms ? row->leave_ms * MS : NEVER,
                .next = NEVER,
                .queue = g_array_new(false, false, sizeof(uint64_t)),
                .waits = g_array_new(false, false, sizeof(double)),
                .got = g_new0(double, s.end / BIN + 1),
                .due = g_new0(double, s.end / BIN + 1),
            };
        }
    }
    memset(r, 0, sizeof(*r));
    simulate(&s);
    r->ideal_busy = idealise(&s) * 100 / s.end;
    judge(&s, r);
    for (i = 0; i < s.n; i++) {
        r->turns += s.core->vm[i].turns;
        g_array_free(s.client[i].queue, true);
        g_array_free(s.client[i].waits, true);
        g_free(s.client[i].got);
        g_free(s.client[i].due);
    }
    g_rand_free(s.rand);
    g_free(s.core);
}
