/*
 * The code cache and the thread that compiles; see queue.h.
 *
 * An entry belongs to the content of a program: the raw instructions, how they
 * hang together, and the offset at which each lies.  It is found by a SHA-256
 * of that.  Programs that are in use keep a reference; others stay while
 * they, their code and what is kept beside it are UNUSED_MAX bytes at most, the
 * least recently used go first.  With USED_MAX bytes in use nothing more is
 * compiled until some program goes.
 *
 * One thread compiles; whose request is next, and who pays, is account.h's.  A
 * request that is dropped comes again when the program has run as long once
 * more, or has guessed wrong once more.  While it compiles no lock is held.
 * If LLVM gives up (its fatal errors cannot be returned from) the thread stops
 * for good, the JIT is off from then on, and everything is interpreted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/jit/queue.h"

#include <glib.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "soft/jit/account.h"
#include "soft/jit/llvm.h"

#define UNUSED_MAX  (64u << 20) /* bytes of programs without a user */
#define USED_MAX    (512u << 20) /* bytes of programs in use */
#define ENTRY_BYTES (sizeof(JitEntry) + 256) /* with its key and list nodes */
#define STACK_BYTES (64u << 20) /* LLVM's recursion is deep */

typedef enum CodeState {
    CODE_NONE, CODE_WAITS, CODE_READY, CODE_REFUSED,
} CodeState;

typedef struct Variant {
    _Atomic(JitCode *) code;
    _Atomic int state;              /* CodeState */
    _Atomic uint64_t heat;
    _Atomic bool no_guesses;
    GSList *old;                    /* of JitCode, that may still run */
} Variant;

struct JitEntry {
    SoftJit *jit;
    char *key;
    int refs;                       /* lock */
    size_t bytes;                   /* lock */
    GList unused;                   /* its place in jit->unused; lock */
    Variant v[JIT_KIND__COUNT];
    SoftProgram prog;               /* a copy; too long: without .insns */
};

typedef struct Job {
    JitEntry *e;                    /* with a reference */
    unsigned kind;
} Job;

struct SoftJit {
    SoftJitMode mode;
    _Atomic bool keep, broken;
    GMutex lock;
    GCond work, done;
    GHashTable *entries;            /* key -> JitEntry; lock */
    GQueue unused;                  /* of JitEntry, last used first; lock */
    JitAccounts *accounts;          /* of Job; lock */
    uint64_t bytes, unused_bytes;   /* of all entries, of .unused; lock */
    uint64_t unused_max, used_max;
    bool quit;                      /* lock */
    bool started;                   /* lock */
    pthread_t thread;
    _Atomic uint64_t compiled, refused, ns;
};

/* ---- LLVM's fatal errors ---- */

static _Thread_local SoftJit *compiling;

static void fatal(const char *why)
{
    if (compiling) {
        g_warning("the JIT stops: %s", why);
        atomic_store(&compiling->broken, true);
        g_mutex_lock(&compiling->lock);
        g_cond_broadcast(&compiling->done);
        g_mutex_unlock(&compiling->lock);
        for (;;) {
            pause();        /* must not return; the process goes on */
        }
    }
}

/* ---- compiling ---- */

static uint64_t thread_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static JitWork compile(SoftJit *jit, JitEntry *e, unsigned kind)
{
    static const uint8_t groups[JIT_KIND__COUNT] = { 1, 2, 4, 1 };
    Variant *v = &e->v[kind];
    JitOptions opt = {
        .groups = groups[kind],
        .tids = kind != JIT_KIND_OTHER,
        .speculate = !atomic_load(&v->no_guesses),
        .keep = atomic_load(&jit->keep),
    };
    uint64_t start = thread_ns();
    const char *why = NULL;
    JitCode *code = gpuvm_jit_compile(&e->prog, &opt, &why);
    JitWork work = {
        .insns = e->prog.count, .kind = kind, .ns = thread_ns() - start,
        .bytes = code ? gpuvm_jit_memory_bytes(code->memory) : 0,
    };

    atomic_fetch_add(&jit->ns, work.ns);
    atomic_fetch_add(code ? &jit->compiled : &jit->refused, 1);
    if (g_getenv("GPUVM_JIT_VERBOSE")) {
        g_printerr("jit: %u instructions, kind %u: %s, %zu bytes, %.1f ms\n",
                   e->prog.count, kind, code ? "compiled" : why, work.bytes,
                   work.ns / 1e6);
    }
    if (code) {
        JitCode *old = atomic_exchange(&v->code, code);

        if (old) {
            v->old = g_slist_prepend(v->old, old);
        }
    }
    atomic_store(&v->state, code || atomic_load(&v->code) ? CODE_READY :
                            CODE_REFUSED);
    return work;
}

/* ---- entries ---- */

static void entry_free(JitEntry *e)
{
    for (unsigned i = 0; i < JIT_KIND__COUNT; i++) {
        JitCode *code = atomic_load(&e->v[i].code);

        if (code && g_getenv("GPUVM_JIT_VERBOSE")) {
            g_printerr("jit: %u instructions, kind %u: %" G_GUINT64_FORMAT
                       " wrong guesses\n", e->prog.count, i,
                       (guint64)atomic_load(&code->guesses_wrong));
        }
        gpuvm_jit_code_free(atomic_load(&e->v[i].code));
        g_slist_free_full(e->v[i].old, (GDestroyNotify)gpuvm_jit_code_free);
    }
    g_free(e->prog.insns);
    g_free(e->key);
    g_free(e);
}

/* A reference less; needs the lock. */
static void entry_put(JitEntry *e)
{
    SoftJit *jit = e->jit;

    if (--e->refs) {
        return;
    }
    e->unused.data = e;
    g_queue_push_head_link(&jit->unused, &e->unused);
    jit->unused_bytes += e->bytes;
    while (jit->unused_bytes > jit->unused_max) {
        JitEntry *last = g_queue_pop_tail_link(&jit->unused)->data;

        jit->unused_bytes -= last->bytes;
        jit->bytes -= last->bytes;
        g_hash_table_remove(jit->entries, last->key);
        entry_free(last);
    }
}

void gpuvm_soft_jit_forget(void *entry)
{
    JitEntry *e = entry;
    SoftJit *jit = e->jit;

    g_mutex_lock(&jit->lock);
    entry_put(e);
    g_mutex_unlock(&jit->lock);
}

/* What the code depends on. */
static char *content(const SoftProgram *p)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    char *key;

    for (unsigned i = 0; i < p->count; i++) {
        const SoftInsn *in = &p->insns[i];
        uint32_t w[6] = { (uint32_t)in->raw, in->raw >> 32, in->next,
                          in->target, in->op, p->entry };

        g_checksum_update(sum, (const guchar *)w, sizeof(w));
    }
    key = g_strdup(g_checksum_get_string(sum));
    g_checksum_free(sum);
    return key;
}

/* Of a program that is too long for the compiler nothing is kept. */
static JitEntry *entry_new(SoftJit *jit, const SoftProgram *p, char *key)
{
    JitEntry *e = g_new0(JitEntry, 1);
    bool fits = p->count <= JIT_MAX_INSNS;
    unsigned i;

    e->jit = jit;
    e->key = key;
    e->prog = *p;
    e->prog.jit = NULL;
    e->prog.insns = fits ? g_memdup2(p->insns, p->count * sizeof(SoftInsn)) :
                    NULL;
    e->bytes = ENTRY_BYTES + (fits ? p->count * sizeof(SoftInsn) : 0);
    for (i = 0; i < JIT_KIND__COUNT && !fits; i++) {
        atomic_store(&e->v[i].state, CODE_REFUSED);
    }
    jit->bytes += e->bytes;
    g_hash_table_insert(jit->entries, key, e);
    return e;
}

JitEntry *gpuvm_jit_entry(SoftJit *jit, const SoftProgram *prog,
                          GpuvmHost *host)
{
    SoftProgram *p = (SoftProgram *)prog;
    JitEntry *e = atomic_load(&p->jit);
    char *key;

    if (e) {
        return e;
    }
    key = content(prog);
    g_mutex_lock(&jit->lock);
    e = atomic_load(&p->jit);
    if (e) {
        g_free(key);
        g_mutex_unlock(&jit->lock);
        return e;
    }
    e = g_hash_table_lookup(jit->entries, key);
    if (e) {
        g_free(key);
        if (!e->refs) {
            g_queue_unlink(&jit->unused, &e->unused);
            jit->unused_bytes -= e->bytes;
        }
    } else {
        e = entry_new(jit, prog, key);
        if (!e->prog.insns) {
            atomic_fetch_add(&jit->refused, 1);
            if (host) {
                gpuvm_count(&host->counters, GPUVM_CNT_JIT_REFUSED);
            }
        }
    }
    e->refs++;
    atomic_store(&p->jit, e);
    g_mutex_unlock(&jit->lock);
    return e;
}

JitCode *gpuvm_jit_code(JitEntry *e, unsigned kind)
{
    return atomic_load_explicit(&e->v[kind].code, memory_order_acquire);
}

/* ---- the queue ---- */

static void *compiler(void *opaque)
{
    SoftJit *jit = opaque;

    compiling = jit;
    g_mutex_lock(&jit->lock);
    while (!jit->quit) {
        Job *job = gpuvm_jit_accounts_pop(jit->accounts);
        JitWork work;

        if (!job) {
            g_cond_wait(&jit->work, &jit->lock);
            continue;
        }
        g_mutex_unlock(&jit->lock);
        if (!gpuvm_jit_llvm_load()) {
            L.InstallFatalErrorHandler(fatal);
        }
        work = compile(jit, job->e, job->kind);
        g_mutex_lock(&jit->lock);
        job->e->bytes += work.bytes;
        jit->bytes += work.bytes;
        gpuvm_jit_accounts_done(jit->accounts, &work);
        entry_put(job->e);
        g_free(job);
        g_cond_broadcast(&jit->done);
    }
    g_mutex_unlock(&jit->lock);
    return NULL;
}

/* Needs the lock; false if there can be no thread. */
static bool start(SoftJit *jit)
{
    pthread_attr_t attr;

    if (!jit->started) {
        pthread_attr_init(&attr);
        pthread_attr_setstacksize(&attr, STACK_BYTES);
        jit->started = pthread_create(&jit->thread, &attr, compiler,
                                      jit) == 0;
        pthread_attr_destroy(&attr);
    }
    return jit->started;
}

/* Needs the lock. */
static bool enqueue(SoftJit *jit, JitEntry *e, unsigned kind, GpuvmHost *host)
{
    Job *job;

    if (jit->bytes - jit->unused_bytes > jit->used_max) {
        if (host) {
            gpuvm_count(&host->counters, GPUVM_CNT_JIT_DROPPED);
            gpuvm_host_trace(host, GPUVM_TRACE_JIT_DROPPED, e->prog.count, 0,
                             0, 0);
        }
        return false;
    }
    job = g_new(Job, 1);
    *job = (Job) { e, kind };
    if (!gpuvm_jit_accounts_push(jit->accounts, host, job, e->prog.count)) {
        g_free(job);
        return false;
    }
    e->refs++;
    atomic_store(&e->v[kind].state, CODE_WAITS);
    g_cond_signal(&jit->work);
    return true;
}

/* Whether it was queued. */
static bool request(SoftJit *jit, JitEntry *e, unsigned kind, GpuvmHost *host)
{
    Variant *v = &e->v[kind];
    bool queued;

    if (atomic_load(&jit->broken) || !e->prog.insns) {
        return false;
    }
    g_mutex_lock(&jit->lock);
    queued = atomic_load(&v->state) != CODE_WAITS && start(jit) &&
             enqueue(jit, e, kind, host);
    while (jit->mode == SOFT_JIT_SYNC && !atomic_load(&jit->broken) &&
           atomic_load(&v->state) == CODE_WAITS) {
        g_cond_wait(&jit->done, &jit->lock);
    }
    g_mutex_unlock(&jit->lock);
    return queued;
}

void gpuvm_jit_begin(SoftJit *jit, JitEntry *e, unsigned kind,
                     GpuvmHost *host)
{
    if (jit->mode >= SOFT_JIT_ON &&
        atomic_load(&e->v[kind].state) == CODE_NONE) {
        request(jit, e, kind, host);
    }
}

void gpuvm_jit_heat(SoftJit *jit, JitEntry *e, unsigned kind,
                    GpuvmHost *host, uint64_t n, uint64_t hot)
{
    Variant *v = &e->v[kind];
    uint64_t heat = atomic_fetch_add_explicit(&v->heat, n,
                                              memory_order_relaxed);

    if (heat < hot && heat + n >= hot &&
        atomic_load(&v->state) == CODE_NONE) {
        atomic_store(&v->heat, 0);
        request(jit, e, kind, host);
    }
}

void gpuvm_jit_no_guesses(SoftJit *jit, JitEntry *e, unsigned kind,
                          GpuvmHost *host)
{
    if (!atomic_exchange(&e->v[kind].no_guesses, true) &&
        !request(jit, e, kind, host)) {
        atomic_store(&e->v[kind].no_guesses, false);
    }
}

/* A request that nobody waits for; needs the lock. */
static void drop_job(void *opaque, void *data)
{
    Job *job = data;
    Variant *v = &job->e->v[job->kind];

    if (atomic_load(&v->code)) {
        atomic_store(&v->no_guesses, false);    /* asked for again */
        atomic_store(&v->state, CODE_READY);
    } else {
        atomic_store(&v->state, CODE_NONE);
    }
    entry_put(job->e);
    g_free(job);
}

void gpuvm_soft_jit_leave(SoftJit *jit, GpuvmHost *host)
{
    if (jit) {
        g_mutex_lock(&jit->lock);
        gpuvm_jit_accounts_leave(jit->accounts, host, drop_job, jit);
        g_cond_broadcast(&jit->done);
        g_mutex_unlock(&jit->lock);
    }
}

/* ---- life ---- */

static void forget_job(void *opaque, void *job)
{
    g_free(job);
}

void gpuvm_jit_limit(SoftJit *jit, uint64_t unused, uint64_t used)
{
    jit->unused_max = unused;
    jit->used_max = used;
}

SoftJit *gpuvm_soft_jit_new(SoftJitMode mode, char **err)
{
    const char *why = mode >= SOFT_JIT_ON ? gpuvm_jit_llvm_load() : NULL;
    SoftJit *jit;

    if (why) {
        *err = g_strdup_printf("engine=jit: %s", why);
    }
    if (why || mode == SOFT_JIT_OFF) {
        return NULL;
    }
    jit = g_new0(SoftJit, 1);
    jit->mode = mode;
    g_mutex_init(&jit->lock);
    g_cond_init(&jit->work);
    g_cond_init(&jit->done);
    jit->entries = g_hash_table_new(g_str_hash, g_str_equal);
    jit->accounts = gpuvm_jit_accounts_new();
    gpuvm_jit_limit(jit, UNUSED_MAX, USED_MAX);
    return jit;
}

void gpuvm_soft_jit_free(SoftJit *jit)
{
    GHashTableIter it;
    gpointer e;

    if (!jit) {
        return;
    }
    g_mutex_lock(&jit->lock);
    jit->quit = true;
    g_cond_broadcast(&jit->work);
    g_mutex_unlock(&jit->lock);
    if (atomic_load(&jit->broken)) {
        return;         /* its thread stands in LLVM, with what it uses */
    }
    if (jit->started) {
        pthread_join(jit->thread, NULL);
    }
    gpuvm_jit_accounts_free(jit->accounts, forget_job, jit);
    g_hash_table_iter_init(&it, jit->entries);
    while (g_hash_table_iter_next(&it, NULL, &e)) {
        entry_free(e);
    }
    g_hash_table_destroy(jit->entries);
    g_mutex_clear(&jit->lock);
    g_cond_clear(&jit->work);
    g_cond_clear(&jit->done);
    g_free(jit);
}

void gpuvm_soft_jit_keep(SoftJit *jit, bool on)
{
    atomic_store(&jit->keep, on);
}

void gpuvm_soft_jit_stats(SoftJit *jit, SoftJitStats *out)
{
    out->compiled = atomic_load(&jit->compiled);
    out->refused = atomic_load(&jit->refused);
    out->ns = atomic_load(&jit->ns);
    g_mutex_lock(&jit->lock);
    out->bytes = jit->bytes;
    out->unused = jit->unused_bytes;
    out->accounts = gpuvm_jit_accounts_count(jit->accounts);
    g_mutex_unlock(&jit->lock);
}
