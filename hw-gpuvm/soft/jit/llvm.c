/*
 * Loading libLLVM; see llvm.h.
 *
 * The version is the one whose headers this was compiled with, since the
 * table has its types.  Debian names the library libLLVM-14.so.1 up to 17 and
 * libLLVM.so.19.1 since 18.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/jit/llvm.h"

#include <dlfcn.h>
#include <glib.h>
#include <llvm/Config/llvm-config.h>

#define STR_(x) #x
#define STR(x)  STR_(x)

#ifdef __x86_64__
#define TARGET "X86"
#elif defined(__aarch64__)
#define TARGET "AArch64"
#else
#define TARGET "unknown"
#endif

JitLlvm gpuvm_jit_llvm;

static const char *const names[] = {
    "libLLVM-" STR(LLVM_VERSION_MAJOR) ".so.1",
    "libLLVM.so." STR(LLVM_VERSION_MAJOR) "." STR(LLVM_VERSION_MINOR),
    "libLLVM-" STR(LLVM_VERSION_MAJOR) ".so",
};

static const char *load(void)
{
    static const char *const start[] = {
        "LLVMInitialize" TARGET "TargetInfo", "LLVMInitialize" TARGET "Target",
        "LLVMInitialize" TARGET "TargetMC",
        "LLVMInitialize" TARGET "AsmPrinter",
    };
    void *lib = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(names) && !lib; i++) {
        lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    }
    if (!lib) {
        return "the library LLVM " STR(LLVM_VERSION_MAJOR) " is not installed "
               "(apt-get install libllvm" STR(LLVM_VERSION_MAJOR) ")";
    }
#define X(name) \
    *(void **)&gpuvm_jit_llvm.name = dlsym(lib, "LLVM" #name); \
    if (!gpuvm_jit_llvm.name) { \
        return "libLLVM lacks LLVM" #name; \
    }
    JIT_LLVM_FUNCTIONS(X)
#undef X
    for (size_t i = 0; i < G_N_ELEMENTS(start); i++) {
        void (*init)(void);

        *(void **)&init = dlsym(lib, start[i]);
        if (!init) {
            return "libLLVM was built without this processor";
        }
        init();
    }
    L.LinkInMCJIT();
    return NULL;
}

const char *gpuvm_jit_llvm_load(void)
{
    static gsize done;
    static const char *why;

    if (g_once_init_enter(&done)) {
        why = load();
        g_once_init_leave(&done, 1);
    }
    return why;
}
