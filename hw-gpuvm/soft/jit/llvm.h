/*
 * LLVM's C API, loaded when the first program is compiled.
 *
 * libLLVM is some hundred megabytes with thousands of relocations; linked in,
 * it would slow down the start of every process, and a host without it could
 * not start at all.  So it is opened with dlopen(), privately (other copies of
 * LLVM in the process, Mesa's and pocl's, are left alone), and its functions
 * are called through this table: L.BuildAdd() is LLVMBuildAdd().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_JIT_LLVM_H
#define GPUVM_SOFT_JIT_LLVM_H

#include <stdbool.h>

#include <llvm-c/Analysis.h>
#include <llvm-c/Core.h>
#include <llvm-c/ExecutionEngine.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>

#define JIT_LLVM_FUNCTIONS(X)                                                 \
    X(AddAttributeAtIndex) X(AddCallSiteAttribute) X(AddCase) X(AddFunction) X(AddIncoming)           \
    X(AppendBasicBlockInContext) X(BuildAShr) X(BuildAdd) X(BuildAlloca)      \
    X(BuildAnd) X(BuildBitCast) X(BuildBr) X(BuildCall2) X(BuildCondBr)       \
    X(BuildExtractElement) X(BuildFAdd) X(BuildFCmp) X(BuildFDiv)             \
    X(BuildFMul) X(BuildFPExt) X(BuildFPToSI) X(BuildFPTrunc) X(BuildFSub)    \
    X(BuildFence) X(BuildGEP2) X(BuildICmp) X(BuildInsertElement)             \
    X(BuildIntToPtr) X(BuildLShr) X(BuildLoad2) X(BuildMul) X(BuildNot)       \
    X(BuildOr) X(BuildPhi) X(BuildRet) X(BuildSExt) X(BuildSIToFP)            \
    X(BuildSelect) X(BuildShl) X(BuildShuffleVector) X(BuildStore)            \
    X(BuildSub) X(BuildSwitch) X(BuildTrunc) X(BuildUIToFP)                   \
    X(BuildUnreachable) X(BuildXor) X(BuildZExt) X(ConstInt) X(ConstNull)     \
    X(ConstVector) X(ContextCreate) X(ContextDispose)                         \
    X(CreateBuilderInContext) X(CreateEnumAttribute)                          \
    X(CreateMCJITCompilerForModule) X(CreatePassBuilderOptions)               \
    X(CreateStringAttribute) X(CreateTargetMachine) X(DeleteFunction)         \
    X(DisposeBuilder) X(DisposeErrorMessage) X(DisposeExecutionEngine)        \
    X(DisposeMessage) X(DisposeModule) X(DisposePassBuilderOptions)           \
    X(DisposeTargetMachine) X(FunctionType) X(GetBasicBlockTerminator)        \
    X(GetElementType) X(GetEnumAttributeKindForName) X(GetErrorMessage)       \
    X(GetFunctionAddress) X(GetHostCPUFeatures) X(GetHostCPUName)             \
    X(GetInsertBlock) X(GetIntrinsicDeclaration) X(GetMDKindIDInContext)      \
    X(GetParam) X(GetTargetFromTriple) X(GetTypeKind) X(GetUndef)             \
    X(GetDefaultTargetTriple) X(InitializeMCJITCompilerOptions)               \
    X(InstallFatalErrorHandler) X(Int1TypeInContext) X(Int8TypeInContext)     \
    X(Int16TypeInContext) X(Int32TypeInContext) X(Int64TypeInContext)         \
    X(IntrinsicGetType) X(IsConstant) X(IsAConstantInt)                       \
    X(ConstIntGetZExtValue) X(FloatTypeInContext) X(DoubleTypeInContext)      \
    X(LinkInMCJIT) X(LookupIntrinsicID) X(MDNodeInContext2)                   \
    X(MDStringInContext2) X(MetadataAsValue) X(ModuleCreateWithNameInContext) \
    X(PointerType) X(PositionBuilderAtEnd) X(PrintModuleToFile) X(RunPasses)  \
    X(SetAlignment) X(SetDataLayout) X(SetMetadata) X(SetTarget)              \
    X(SetVolatile) X(SetModuleDataLayout) X(CreateTargetDataLayout)           \
    X(DisposeTargetData) X(TypeOf) X(ValueAsMetadata) X(VectorType)           \
    X(VerifyModule) X(BuildAtomicRMW) X(SetOrdering) X(BuildExtractValue)      \
    X(CreateSimpleMCJITMemoryManager)

typedef struct JitLlvm {
#define X(name) __typeof__(LLVM##name) *name;
    JIT_LLVM_FUNCTIONS(X)
#undef X
} JitLlvm;

/** Filled by gpuvm_jit_llvm_load(). */
extern JitLlvm gpuvm_jit_llvm;
#define L gpuvm_jit_llvm

/** gpuvm_jit_llvm_load - opens libLLVM once and initialises the host's
 *  target; NULL, or why it cannot be used. Any thread. */
const char *gpuvm_jit_llvm_load(void);

#endif
