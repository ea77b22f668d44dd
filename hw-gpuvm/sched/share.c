/*
 * Shares, for people: what each VM is entitled to and what it got.
 *
 * Entitled: the GPU divided by weight among the VMs that asked in this second
 * or the last, none more than its cap; what a cap leaves is divided among the
 * others again ("water-filling").  Received: GPU time of the last whole
 * second, and of a turn that goes on as if it used the GPU all the time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sched/policy.h"

#define SECOND  1000000000ull

static double cap_part(const GpuvmCore *c, uint32_t slot)
{
    uint32_t cap = c->vm[slot].cap;

    return cap && cap < GPUVM_CORE_CAP_MAX ? cap / 100.0 : 1.0;
}

/* What a VM of @open with @weight gets: @part divided among @open. */
static double level(const GpuvmCore *c, GpuvmSlotSet open, double part,
                    uint32_t slot)
{
    return part * gpuvm_core_weight(c, slot) / gpuvm_core_weights(c, open);
}

static double entitled(const GpuvmCore *c, GpuvmSlotSet open, uint32_t slot)
{
    double left = 1.0;
    GpuvmSlotSet full;
    unsigned i;

    do {
        double next = left;

        full = 0;
        GPUVM_SLOT_FOREACH(i, open) {
            if (level(c, open, left, i) >= cap_part(c, i)) {
                full |= GPUVM_SLOT_BIT(i);
                next -= cap_part(c, i);
            }
        }
        if (full & GPUVM_SLOT_BIT(slot)) {
            return cap_part(c, slot);
        }
        left = next > 0 ? next : 0;
        open &= ~full;
    } while (full);
    return level(c, open, left, slot);
}

/* GPU time of the last whole second before @now. */
static double received(const GpuvmCore *c, uint32_t slot, uint64_t now)
{
    const GpuvmCoreVm *vm = &c->vm[slot];
    uint64_t seconds = gpuvm_core_since(c->win_start_ns, now) / SECOND;
    uint64_t to = c->win_start_ns + seconds * SECOND, ns;
    uint64_t from = c->turn.start_ns + gpuvm_core_since(0, vm->turn_ns);

    ns = seconds == 0 ? vm->win_ns[1] : seconds == 1 ? vm->win_ns[0] : 0;
    if (vm->state == GPUVM_CORE_HOLDING && c->turn.slot == slot) {
        from = from + SECOND < to ? to - SECOND : from;
        ns += gpuvm_core_since(from, to);
    }
    return ns < SECOND ? (double)ns / SECOND : 1.0;
}

bool gpuvm_core_share(const GpuvmCore *c, uint32_t slot, uint64_t now_ns,
                      GpuvmCoreShare *share)
{
    GpuvmSlotSet present = gpuvm_core_present(c), active = 0;
    uint64_t here = gpuvm_core_since(c->win_start_ns, now_ns);
    const GpuvmCoreVm *vm;
    unsigned i;

    if (slot >= GPUVM_CORE_SLOTS || !(present & GPUVM_SLOT_BIT(slot))) {
        return false;
    }
    GPUVM_SLOT_FOREACH(i, present) {
        /* a second nobody has ended yet: nothing happened in it */
        if (here < 2 * SECOND &&
            (c->vm[i].asked || c->vm[i].state != GPUVM_CORE_IDLE)) {
            active |= GPUVM_SLOT_BIT(i);
        }
    }
    vm = &c->vm[slot];
    *share = (GpuvmCoreShare) {
        .weight = gpuvm_core_weight(c, slot),
        .cap = vm->cap < GPUVM_CORE_CAP_MAX ? vm->cap : 0,
        .entitled = entitled(c, active | GPUVM_SLOT_BIT(slot), slot),
        .received = received(c, slot, now_ns),
        .used_ns = vm->used_ns,
        .wait_ns = vm->wait_ns,
        .wait_max_ns = vm->wait_max_ns,
        .turns = vm->turns,
    };
    return true;
}

uint64_t gpuvm_core_busy_ns(const GpuvmCore *c)
{
    GpuvmSlotSet present = gpuvm_core_present(c);
    uint64_t ns = c->gone_ns;
    unsigned i;

    GPUVM_SLOT_FOREACH(i, present) {
        ns += c->vm[i].used_ns;
    }
    return ns;
}

void gpuvm_core_table(const GpuvmCore *c, uint64_t now_ns, GpuvmCoreTable *t)
{
    unsigned i;

    *t = (GpuvmCoreTable) { .policy = c->policy, .gone_ns = c->gone_ns,
                            .holder = GPUVM_CORE_NOBODY };
    t->busy_ns = t->gone_ns;
    for (i = 0; i < GPUVM_CORE_SLOTS; i++) {
        if (gpuvm_core_share(c, i, now_ns, &t->vm[t->count].share)) {
            t->vm[t->count].slot = i;
            t->vm[t->count].owner = c->vm[i].owner;
            t->busy_ns += t->vm[t->count].share.used_ns;
            t->count++;
        }
    }
    i = c->turn.slot;
    if (i < GPUVM_CORE_SLOTS && c->vm[i].state == GPUVM_CORE_HOLDING) {
        t->holder = i;
        t->holding_ns = gpuvm_core_since(c->turn.start_ns + c->vm[i].turn_ns,
                                         now_ns);
    }
}
