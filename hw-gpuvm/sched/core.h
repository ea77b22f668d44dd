/*
 * The scheduler as a state machine on plain data.
 *
 * GpuvmCore has a fixed layout and holds no pointer, so it lives as well in a
 * process's own memory as in an arena that several processes share.  Every
 * function takes the time from its caller and touches nothing but the struct:
 * the caller holds the lock that guards it, does the waiting and the waking.
 * So policies run on a virtual clock in tests (tests/unit/sched_sim.h), behind
 * a mutex in one process (sched.c), or behind a compare-and-swap in an arena.
 *
 * A process may die in the middle of a change.  Nothing here trusts what it
 * left: indices are checked before use, weights and caps are clamped when they
 * are read, sums are added up from the slots each time, and
 * gpuvm_core_repair() makes the turn and the slots agree again.  Each field is
 * a naturally aligned word, written by one store.
 *
 * Times are nanoseconds of one monotonic clock that all processes share;
 * durations too, if nothing else is said.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SCHED_CORE_H
#define GPUVM_SCHED_CORE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GPUVM_CORE_VERSION  1u          /* of the layout below */
#define GPUVM_CORE_SLOTS    64u
#define GPUVM_CORE_NOBODY   UINT32_MAX
#define GPUVM_CORE_NEVER    UINT64_MAX

#define GPUVM_CORE_WEIGHT_MIN      1u
#define GPUVM_CORE_WEIGHT_MAX      1000u
#define GPUVM_CORE_WEIGHT_DEFAULT  100u
/* A turn is preempted no sooner, if it is at all: nanoseconds. */
#define GPUVM_CORE_QUANTUM_DEFAULT 10000000u
#define GPUVM_CORE_CAP_MAX         100u /* percent; 0 and 100: no cap */

/** Policies, by the number that stands in shared memory. */
typedef enum GpuvmCorePolicyId {
    GPUVM_CORE_FAIR,
    GPUVM_CORE_CREDIT,
    GPUVM_CORE_BAND,
    GPUVM_CORE_FIFO,
    GPUVM_CORE_POLICIES
} GpuvmCorePolicyId;

/** What a slot does; a word that holds anything else counts as absent. */
typedef enum GpuvmCoreState {
    GPUVM_CORE_ABSENT,
    GPUVM_CORE_IDLE,            /* asks for nothing */
    GPUVM_CORE_AWAY,            /* asked and keeps its place, but is busy with
                                   something else: nobody waits for it */
    GPUVM_CORE_WAITING,         /* for the turn */
    GPUVM_CORE_HOLDING,         /* the turn */
} GpuvmCoreState;

/** GpuvmCoreVm - one slot; zero when absent. */
typedef struct GpuvmCoreVm {
    uint32_t state;         /* GpuvmCoreState */
    uint32_t weight;        /* GPUVM_CORE_WEIGHT_MIN..MAX */
    uint32_t cap;           /* percent of the GPU at most; 0 = none */
    uint32_t asked;         /* wanted the turn in this second or the last:
                               bits 0 and 1 */
    uint64_t arrival;       /* place in the order of arrival; 0: not waiting */
    uint64_t arrive_ns;     /* last time it began to wait */
    uint64_t begin_ns;      /* last time it got the turn */
    uint64_t end_ns;        /* last time a turn of its ended */
    uint64_t used_ns;       /* GPU time in all */
    uint64_t wait_ns;       /* waited for the turn in all */
    uint64_t wait_max_ns;   /* the longest wait */
    uint64_t turns;
    uint64_t turn_ns;       /* GPU time charged in the turn that goes on */
    uint64_t vtime;         /* GPU time by weight; differences count, it wraps */
    uint64_t cap_ready_ns;  /* its cap lets it run from then on */
    uint64_t len_ns;        /* GPU time a turn of its takes, smoothed */
    uint64_t gap_ns;        /* from the end of a turn to the next request,
                               smoothed; GPUVM_CORE_NEVER: not known */
    uint64_t win_ns[2];     /* GPU time in this second and in the last */
    uint64_t own[8];        /* the policy's; zero when the policy changes */
    uint32_t owner;         /* whose VM it is: the arena's slot of the process */
    uint32_t reserved;
    uint64_t spare[6];
} GpuvmCoreVm;
static_assert(sizeof(GpuvmCoreVm) == 256, "layout of a slot");

/** GpuvmCoreTurn - a VM's time on the GPU: a record, not a lock. */
typedef struct GpuvmCoreTurn {
    uint32_t slot;          /* GPUVM_CORE_NOBODY: free */
    uint32_t reserved;
    uint64_t generation;    /* grows with each begin, end and revoke */
    uint64_t start_ns;
} GpuvmCoreTurn;
static_assert(sizeof(GpuvmCoreTurn) == 24, "layout of the turn");

#define GPUVM_CORE_PARAMS  8u   /* of one policy */

/** GpuvmCore - all there is to know; 64-byte aligned wherever it lives. */
typedef struct GpuvmCore {
    uint32_t version;       /* GPUVM_CORE_VERSION */
    uint32_t policy;        /* GpuvmCorePolicyId */
    uint64_t arrivals;      /* requests so far */
    uint64_t now_ns;        /* the latest time anybody told */
    uint64_t vtime;         /* virtual time of whoever ran last */
    uint64_t idle_ns;       /* may be spent on waiting while VMs wait */
    uint64_t pause_ns;      /* such a wait began; 0: none goes on */
    uint64_t paused_ns;     /* spent so in all */
    uint64_t gone_ns;       /* GPU time of VMs that left */
    uint64_t win_start_ns;  /* of this second, see win_ns[] */
    uint64_t own[8];        /* the policy's; zero when the policy changes */
    uint64_t quantum_ns;    /* a turn may be preempted after; 0: never */
    uint64_t spare[3];
    GpuvmCoreTurn turn;
    uint64_t param[GPUVM_CORE_POLICIES][GPUVM_CORE_PARAMS];
    GpuvmCoreVm vm[GPUVM_CORE_SLOTS];
} GpuvmCore;
static_assert(sizeof(GpuvmCore) == 448 + GPUVM_CORE_SLOTS * 256, "layout of the core");

/* ---- life -------------------------------------------------------------------- */

/** gpuvm_core_init - no VM, nobody's turn, @policy's parameters as built in. */
void gpuvm_core_init(GpuvmCore *c, GpuvmCorePolicyId policy, uint64_t now_ns);
/**
 * gpuvm_core_repair - after somebody died while he changed it: clamps what is
 * out of range and makes turn and slots agree.  VMs that wait keep waiting,
 * the holder (if the turn names a slot that is present) keeps the turn.
 */
void gpuvm_core_repair(GpuvmCore *c, uint64_t now_ns);

/** gpuvm_core_free_slot - one that is absent, or GPUVM_CORE_NOBODY. */
uint32_t gpuvm_core_free_slot(const GpuvmCore *c);
/**
 * gpuvm_core_join - @slot (absent before) becomes a VM that is idle, neither
 * ahead of nor behind the others.  @owner: see GpuvmCoreVm; @weight 0 is the
 * default; @cap in percent, 0 = none.  False: the slot does not exist or is
 * taken.
 */
bool gpuvm_core_join(GpuvmCore *c, uint32_t slot, uint32_t owner,
                     uint32_t weight, uint32_t cap, uint64_t now_ns);
/** gpuvm_core_leave - absent; a turn that it held is free. */
void gpuvm_core_leave(GpuvmCore *c, uint32_t slot, uint64_t now_ns);
/** gpuvm_core_leave_all - every VM of @owner leaves; the process is gone. */
void gpuvm_core_leave_all(GpuvmCore *c, uint32_t owner, uint64_t now_ns);
/** gpuvm_core_used - bytes from the start that are not zero: the slots behind
 *  the last VM are. */
size_t gpuvm_core_used(const GpuvmCore *c);

/* ---- the turn ------------------------------------------------------------------ */

/** gpuvm_core_arrive - the VM wants the turn; keeps its place if it does. */
void gpuvm_core_arrive(GpuvmCore *c, uint32_t slot, uint64_t now_ns);
/**
 * gpuvm_core_away - a VM that waits is busy with something else for a moment:
 * it is not named by gpuvm_core_next() until it arrives again, and keeps its
 * place.
 */
void gpuvm_core_away(GpuvmCore *c, uint32_t slot, uint64_t now_ns);
/** gpuvm_core_withdraw - it wants it no longer; not for the holder. */
void gpuvm_core_withdraw(GpuvmCore *c, uint32_t slot, uint64_t now_ns);

/** GpuvmCoreNext - what to do now that the turn is free. */
typedef struct GpuvmCoreNext {
    /**
     * slot - who is next.  GPUVM_CORE_NOBODY: the turn is taken, or no one
     * waits.
     */
    uint32_t slot;
    /**
     * at_ns - when: 0 = now, it may begin.  Else nobody runs yet, since the
     * cap of each waiting VM holds it back, or since a VM under its share is
     * due to ask within microseconds: ask gpuvm_core_next() again at that
     * time, or when something changes.  .slot is then who would be next, for
     * the caller to wake so that somebody keeps the time.
     */
    uint64_t at_ns;
} GpuvmCoreNext;

GpuvmCoreNext gpuvm_core_next(GpuvmCore *c, uint64_t now_ns);

/**
 * gpuvm_core_begin - @slot, just named by gpuvm_core_next() for now, has the
 * turn.  Returns the turn's generation; 0 if the turn is taken or @slot does
 * not wait.
 */
uint64_t gpuvm_core_begin(GpuvmCore *c, uint32_t slot, uint64_t now_ns);
/**
 * gpuvm_core_charge - @slot used the GPU for @ns until @now_ns, with the turn
 * or without (a blocked channel that went on by itself, a turn revoked).
 */
void gpuvm_core_charge(GpuvmCore *c, uint32_t slot, uint64_t ns,
                       uint64_t now_ns);
/**
 * gpuvm_core_penalize - @ns count against @slot's share, in no sum of GPU
 * time: it held the turn so long and the GPU reported no use.
 */
void gpuvm_core_penalize(GpuvmCore *c, uint32_t slot, uint64_t ns);
/**
 * gpuvm_core_end - the turn of @generation is over, all of its GPU time being
 * charged.  @again: the VM has more to run and waits from now on, which is not
 * the same as to end and then to arrive: no other VM gets in between because
 * of microseconds.  False, and nothing changes, if that turn is over already.
 */
bool gpuvm_core_end(GpuvmCore *c, uint32_t slot, uint64_t generation,
                    bool again, uint64_t now_ns);
/**
 * gpuvm_core_revoke - takes the turn from whoever has it: its process stopped
 * or died.  The time it held it counts against its share.  Returns the slot
 * (now idle), or GPUVM_CORE_NOBODY.
 */
uint32_t gpuvm_core_revoke(GpuvmCore *c, uint64_t now_ns);

/** gpuvm_core_contended - some VM waits that may run now, or is away. */
bool gpuvm_core_contended(const GpuvmCore *c, uint64_t now_ns);
/**
 * gpuvm_core_yield_at - when the holder's work is to be preempted because
 * somebody else is owed time by then, if nothing changes; GPUVM_CORE_NEVER:
 * as long as it likes.  Ask again when a VM arrives.
 */
uint64_t gpuvm_core_yield_at(const GpuvmCore *c, uint64_t now_ns);

/* ---- settings; all live ------------------------------------------------------------ */

void gpuvm_core_set_weight(GpuvmCore *c, uint32_t slot, uint32_t weight);
void gpuvm_core_set_cap(GpuvmCore *c, uint32_t slot, uint32_t cap,
                        uint64_t now_ns);
/** gpuvm_core_set_quantum - see GpuvmCore.quantum_ns. */
void gpuvm_core_set_quantum(GpuvmCore *c, uint64_t ns);
/** gpuvm_core_set_policy - from the next turn on; false if there is none. */
bool gpuvm_core_set_policy(GpuvmCore *c, uint32_t policy, uint64_t now_ns);

/** GpuvmCoreParam - a parameter of a policy, as data. */
typedef struct GpuvmCoreParam {
    const char *name;
    const char *unit;       /* "us", "ms", "percent", "" */
    uint64_t min, max, def; /* in that unit */
    const char *what;       /* a sentence */
} GpuvmCoreParam;

/** The @i-th policy's name, or NULL behind the last; by number. */
const char *gpuvm_core_policy_name(uint32_t policy);
/** gpuvm_core_policy_find - the number, or GPUVM_CORE_POLICIES. */
uint32_t gpuvm_core_policy_find(const char *name);
/** The @i-th parameter of @policy, or NULL behind the last. */
const GpuvmCoreParam *gpuvm_core_param(uint32_t policy, unsigned i);
/** Values in the parameter's unit; out of range reads as the default. */
uint64_t gpuvm_core_get_param(const GpuvmCore *c, uint32_t policy, unsigned i);
/** False: no such parameter, or out of its range. */
bool gpuvm_core_set_param(GpuvmCore *c, uint32_t policy, unsigned i,
                          uint64_t value);

/* ---- looking ------------------------------------------------------------------------- */

/** GpuvmCoreShare - one VM's part, for people; shares in parts of 1. */
typedef struct GpuvmCoreShare {
    uint32_t weight, cap;
    double entitled;        /* by weight and cap among those that asked lately */
    double received;        /* of the last whole second */
    uint64_t used_ns, wait_ns, wait_max_ns, turns;
} GpuvmCoreShare;

/** gpuvm_core_share - false if @slot is absent. */
bool gpuvm_core_share(const GpuvmCore *c, uint32_t slot, uint64_t now_ns,
                      GpuvmCoreShare *share);
/**
 * GpuvmCoreTable - all VMs at one moment.  busy_ns is the sum of gone_ns and
 * of the VMs' used_ns.
 */
typedef struct GpuvmCoreTable {
    uint32_t policy;            /* GpuvmCorePolicyId */
    uint64_t busy_ns, gone_ns;
    uint32_t holder;            /* who has the turn, GPUVM_CORE_NOBODY */
    uint64_t holding_ns;        /* for how long, less what it was charged */
    unsigned count;
    struct {
        uint32_t slot, owner;   /* owner: of the process (arena), else 0 */
        GpuvmCoreShare share;
    } vm[GPUVM_CORE_SLOTS];
} GpuvmCoreTable;

void gpuvm_core_table(const GpuvmCore *c, uint64_t now_ns, GpuvmCoreTable *t);
/** gpuvm_core_busy_ns - GPU time of all VMs, also of those that left. */
uint64_t gpuvm_core_busy_ns(const GpuvmCore *c);

#endif
