/*
 * From a program to code: the generator run until its shapes are settled, then
 * LLVM's passes and its code generator for this host's processor.
 *
 * The passes are few: memory to registers, common subexpressions, simple
 * algebra and dead code; that is most of the gain at a fraction of the time.
 * Floating point is not allowed to be anything but IEEE.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "soft/jit/gen.h"

#define PASSES      "sroa,early-cse,instcombine,simplifycfg,gvn,adce," \
                    "simplifycfg"
#define MAX_ROUNDS  24
/* instructions of both versions of all blocks; bounds time and memory */
#define MAX_EMITTED (4 * JIT_MAX_INSNS)

/* ---- the host ---- */

typedef struct Host {
    char *triple, *cpu, *features;
} Host;

static const Host *host(void)
{
    static gsize done;
    static Host h;

    if (g_once_init_enter(&done)) {
        h.triple = L.GetDefaultTargetTriple();
        h.cpu = L.GetHostCPUName();
        h.features = L.GetHostCPUFeatures();
        g_once_init_leave(&done, 1);
    }
    return &h;
}

/* ---- set-up ---- */

static void init_types(Gen *g)
{
    g->i1 = L.Int1TypeInContext(g->ctx);
    g->i8 = L.Int8TypeInContext(g->ctx);
    g->i16 = L.Int16TypeInContext(g->ctx);
    g->i32 = L.Int32TypeInContext(g->ctx);
    g->i64 = L.Int64TypeInContext(g->ctx);
    g->f32 = L.FloatTypeInContext(g->ctx);
    g->f64 = L.DoubleTypeInContext(g->ctx);
    g->p8 = L.PointerType(g->i8, 0);
    g->v32 = L.VectorType(g->i32, SOFT_LANES);
    g->m32 = L.VectorType(g->i1, SOFT_LANES);
    g->vf32 = L.VectorType(g->f32, SOFT_LANES);
    g->handler_type = L.FunctionType(g->i32, (LLVMTypeRef[]) {
        g->p8, g->p8, g->i32 }, 3, 0);
    g->control_type = L.FunctionType(g->i32, (LLVMTypeRef[]) {
        g->p8, g->p8, g->i32, g->i32 }, 4, 0);
}

static void init_metadata(Gen *g)
{
    LLVMMetadataRef w[3] = {
        L.MDStringInContext2(g->ctx, "branch_weights", 14),
        L.ValueAsMetadata(k32(g, 1)), L.ValueAsMetadata(k32(g, 2000)),
    };

    g->unlikely = L.MetadataAsValue(g->ctx, L.MDNodeInContext2(g->ctx, w, 3));
    g->prof_kind = L.GetMDKindIDInContext(g->ctx, "prof", 4);
    g->invariant_kind = L.GetMDKindIDInContext(g->ctx, "invariant.load", 14);
    g->empty_md = L.MetadataAsValue(g->ctx,
                                    L.MDNodeInContext2(g->ctx, NULL, 0));
}

/* What all functions of the module have: the host's processor. */
static void for_host(Gen *g, V fn, const char *without)
{
    const Host *h = host();
    unsigned nounwind = L.GetEnumAttributeKindForName("nounwind", 8);
    g_autofree char *features = g_strconcat(h->features, without, NULL);

    L.AddAttributeAtIndex(fn, LLVMAttributeFunctionIndex,
        L.CreateStringAttribute(g->ctx, "target-cpu", 10, h->cpu,
                                strlen(h->cpu)));
    L.AddAttributeAtIndex(fn, LLVMAttributeFunctionIndex,
        L.CreateStringAttribute(g->ctx, "target-features", 15, features,
                                strlen(features)));
    L.AddAttributeAtIndex(fn, LLVMAttributeFunctionIndex,
                          L.CreateEnumAttribute(g->ctx, nounwind, 0));
}

LLVMAttributeRef gpuvm_jit_keeps_registers(Gen *g)
{
    return L.CreateStringAttribute(g->ctx, "no_caller_saved_registers", 25,
                                   "", 0);
}

LLVMTypeRef gpuvm_jit_via_type(Gen *g, bool handler)
{
    return L.FunctionType(g->i32, (LLVMTypeRef[]) {
        g->p8, g->p8, g->p8, g->i32, g->i32 }, handler ? 4 : 5, 0);
}

/* The function by which C is called; see gpuvm_jit_call(). */
static V via(Gen *g, bool handler)
{
    LLVMTypeRef type = handler ? g->handler_type : g->control_type;
    V fn = L.AddFunction(g->mod, handler ? "handler" : "control",
                         gpuvm_jit_via_type(g, handler)), to, args[4];
    bool avx = strstr(host()->features, "+avx,") != NULL;
    unsigned n = handler ? 3 : 4;

    /* LLVM would clear upper halves behind having restored them */
    for_host(g, fn, avx ? ",-vzeroupper" : "");
    L.AddAttributeAtIndex(fn, LLVMAttributeFunctionIndex,
                          gpuvm_jit_keeps_registers(g));
    at_bb(g, L.AppendBasicBlockInContext(g->ctx, fn, ""));
    to = L.BuildBitCast(g->b, L.GetParam(fn, 0), L.PointerType(type, 0), "");
    for (unsigned i = 0; i < n; i++) {
        args[i] = L.GetParam(fn, i + 1);
    }
    if (avx) {
        gpuvm_jit_intrinsic(g, "llvm.x86.avx.vzeroupper", NULL, 0, NULL, 0);
    }
    L.BuildRet(g->b, L.BuildCall2(g->b, type, to, args, n, ""));
    return fn;
}

static void new_function(Gen *g)
{
    LLVMTypeRef args[2] = { g->p8, g->p8 };
    unsigned noalias = L.GetEnumAttributeKindForName("noalias", 7);

    g->fn = L.AddFunction(g->mod, "warp", L.FunctionType(g->i32, args, 2, 0));
    for_host(g, g->fn, "");
    for (unsigned i = 1; i <= 2; i++) {
        L.AddAttributeAtIndex(g->fn, i,
                              L.CreateEnumAttribute(g->ctx, noalias, 0));
    }
}

static Gen *gen_new(const SoftProgram *prog, const JitOptions *opt)
{
    Gen *g = g_new0(Gen, 1);

    g->prog = prog;
    g->groups = opt->groups;
    g->tids = opt->tids;
    g->speculate = opt->speculate;
    gpuvm_jit_flow_init(&g->flow, prog, opt->keep);
    g->blk = g_new0(Blk, g->flow.nblocks);
    g->tasks = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g->slots = g_array_new(FALSE, FALSE, sizeof(ConstSlot));
    g->offs = g_ptr_array_new_with_free_func(g_free);
    g->error = g->flow.refused;
    g->ctx = L.ContextCreate();
    g->mod = L.ModuleCreateWithNameInContext("gpuvm", g->ctx);
    g->b = L.CreateBuilderInContext(g->ctx);
    g->ab = L.CreateBuilderInContext(g->ctx);
    init_types(g);
    init_metadata(g);
    g->via_handler = via(g, true);
    g->via_control = via(g, false);
    return g;
}

/* The module and its context live on in the engine, if there is one. */
static void gen_free(Gen *g)
{
    L.DisposeBuilder(g->b);
    L.DisposeBuilder(g->ab);
    if (g->mod) {
        L.DisposeModule(g->mod);
    }
    L.ContextDispose(g->ctx);
    gpuvm_jit_flow_fini(&g->flow);
    g_free(g->blk);
    g_array_free(g->tasks, TRUE);
    g_array_free(g->slots, TRUE);
    g_ptr_array_free(g->offs, TRUE);
    g_free(g);
}

/* ---- code ---- */

/* The shapes at the start of each block, for whoever debugs this. */
static void tell_shapes(const Gen *g)
{
    for (unsigned i = 0; i < g->flow.nblocks; i++) {
        const Blk *b = &g->blk[i];

        g_printerr("block %u, 0x%x%s:", i,
                   g->prog->insns[g->flow.block[i].first].pc,
                   b->shaped ? "" : " not fast");
        for (unsigned n = 0; n < NREGS && b->shaped; n++) {
            if (b->r[n].kind) {
                g_printerr(" r%u%s", n, b->r[n].kind == SHAPE_VEC ? "" :
                           b->r[n].offs ? b->r[n].ng > 1 ? "=og" : "=o" :
                           b->r[n].ng > 1 ? "=g" : "=u");
            }
        }
        for (unsigned q = 0; q < JIT_FLAGS && b->shaped; q++) {
            if (b->q[q].kind) {
                g_printerr(" q%u%s", q, b->q[q].kind == SHAPE_VEC ? "" :
                           b->q[q].ng > 1 ? "=g" : "=u");
            }
        }
        g_printerr("\n");
    }
}

static bool generate(Gen *g)
{
    for (unsigned round = 0; !g->error; round++) {
        if (round == MAX_ROUNDS) {
            g->error = "shapes do not settle";
            break;
        }
        new_function(g);
        gpuvm_jit_function(g);
        if (g->emitted > MAX_EMITTED) {
            g->error = "too many instructions";
        }
        if (!g->changed) {
            break;
        }
        L.DeleteFunction(g->fn);
    }
    if (g_getenv("GPUVM_JIT_DUMP")) {
        tell_shapes(g);
    }
    return !g->error;
}

static bool optimise(Gen *g)
{
    const Host *h = host();
    LLVMTargetRef target;
    LLVMTargetMachineRef tm;
    LLVMPassBuilderOptionsRef po;
    LLVMTargetDataRef layout;
    LLVMErrorRef err;
    char *msg = NULL;

    if (L.GetTargetFromTriple(h->triple, &target, &msg)) {
        L.DisposeMessage(msg);
        g->error = "LLVM has no target for this host";
        return false;
    }
    tm = L.CreateTargetMachine(target, h->triple, h->cpu, h->features,
                               LLVMCodeGenLevelDefault, LLVMRelocDefault,
                               LLVMCodeModelJITDefault);
    layout = L.CreateTargetDataLayout(tm);
    L.SetTarget(g->mod, h->triple);
    L.SetModuleDataLayout(g->mod, layout);
    L.DisposeTargetData(layout);
    po = L.CreatePassBuilderOptions();
    err = L.RunPasses(g->mod, PASSES, tm, po);
    L.DisposePassBuilderOptions(po);
    L.DisposeTargetMachine(tm);
    if (err) {
        L.DisposeErrorMessage(L.GetErrorMessage(err));
        g->error = "LLVM's passes failed";
    }
    return !err;
}

static bool verify(Gen *g)
{
    char *msg = NULL;
    bool bad;

    if (g_getenv("GPUVM_JIT_DUMP")) {
        static gint n;
        g_autofree char *path = g_strdup_printf("%s/jit-%04d.ll",
            g_getenv("GPUVM_JIT_DUMP"), g_atomic_int_add(&n, 1));

        L.PrintModuleToFile(g->mod, path, &msg);
        L.DisposeMessage(msg);
        msg = NULL;
    }
    bad = L.VerifyModule(g->mod, LLVMReturnStatusAction, &msg);
    if (bad) {
        g_warning("JIT: %s", msg);
        g->error = "the module is not valid";
    }
    L.DisposeMessage(msg);
    return !bad;
}

static JitCode *emit(Gen *g)
{
    struct LLVMMCJITCompilerOptions o;
    JitMemory *mem = gpuvm_jit_memory_new();
    LLVMExecutionEngineRef engine;
    JitCode *code;
    char *msg = NULL;
    uint64_t fn;

    if (!mem) {
        g->error = "no address space for code";
        return NULL;
    }
    L.InitializeMCJITCompilerOptions(&o, sizeof(o));
    o.OptLevel = 2;
    o.MCJMM = L.CreateSimpleMCJITMemoryManager(mem, gpuvm_jit_memory_code,
                                               gpuvm_jit_memory_data,
                                               gpuvm_jit_memory_seal,
                                               gpuvm_jit_memory_left);
    if (L.CreateMCJITCompilerForModule(&engine, g->mod, &o, sizeof(o),
                                       &msg)) {
        L.DisposeMessage(msg);
        g->error = "LLVM makes no code";
        g->mod = NULL;      /* the engine's, even so */
        gpuvm_jit_memory_free(mem);
        return NULL;
    }
    g->mod = NULL;
    fn = L.GetFunctionAddress(engine, "warp");
    /* The code needs nothing of LLVM's: module and object can go. */
    L.DisposeExecutionEngine(engine);
    if (!fn) {
        g->error = "LLVM makes no code";
        gpuvm_jit_memory_free(mem);
        return NULL;
    }
    code = g_new0(JitCode, 1);
    code->memory = mem;
    code->fn = (JitFn *)(uintptr_t)fn;
    code->count = g->prog->count;
    code->entry = g_new0(uint8_t, code->count);
    for (unsigned i = 0; i < g->flow.nblocks; i++) {
        code->entry[g->flow.block[i].first] = g->flow.block[i].entry;
    }
    code->reads = g->flow.block[g->flow.block_at[g->prog->entry]].live.r;
    code->nslots = g->slots->len;
    for (guint i = 0; i < g->slots->len; i++) {
        ConstSlot *s = &g_array_index(g->slots, ConstSlot, i);

        code->bank[i] = s->bank;
        code->ofs[i] = s->ofs;
    }
    return code;
}

JitCode *gpuvm_jit_compile(const SoftProgram *prog, const JitOptions *opt,
                           const char **why)
{
    JitCode *code = NULL;
    Gen *g;

    *why = gpuvm_jit_llvm_load();
    if (*why) {
        return NULL;
    }
    if (prog->count > JIT_MAX_INSNS) {
        *why = "too many instructions";
        return NULL;
    }
    g = gen_new(prog, opt);
    if (!g->error && generate(g) && verify(g) && optimise(g)) {
        code = emit(g);
    }
    *why = g->error;
    gen_free(g);
    return code;
}

void gpuvm_jit_code_free(JitCode *code)
{
    if (code) {
        gpuvm_jit_memory_free(code->memory);
        g_free(code->entry);
        g_free(code);
    }
}
