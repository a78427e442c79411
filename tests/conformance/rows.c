/* SPDX-License-Identifier: MIT */
/** Rows: each is run with fresh objects and says one line, "ok SUBJECT | ERROR | WHAT", or "not ok" and what was there instead. */
#include "conf.h"
#include "format.h"

static char note[200];
static volatile unsigned passed, failed;
static volatile bool running = true;
static struct row now; /* the one that runs */

/* ---- names ------------------------------------------------------------------------------------------------------------------- */

static const char *const names[seL4_InvocationLabelCount] = {
    [seL4_UntypedRetype] = "Untyped_Retype",
    [seL4_TCBReadRegisters] = "TCB_ReadRegisters",
    [seL4_TCBWriteRegisters] = "TCB_WriteRegisters",
    [seL4_TCBCopyRegisters] = "TCB_CopyRegisters",
    [seL4_TCBConfigure] = "TCB_Configure",
    [seL4_TCBSetPriority] = "TCB_SetPriority",
    [seL4_TCBSetMCPriority] = "TCB_SetMCPriority",
    [seL4_TCBSetSchedParams] = "TCB_SetSchedParams",
    [seL4_TCBSetTimeoutEndpoint] = "TCB_SetTimeoutEndpoint",
    [seL4_TCBSetIPCBuffer] = "TCB_SetIPCBuffer",
    [seL4_TCBSetSpace] = "TCB_SetSpace",
    [seL4_TCBSuspend] = "TCB_Suspend",
    [seL4_TCBResume] = "TCB_Resume",
    [seL4_TCBBindNotification] = "TCB_BindNotification",
    [seL4_TCBUnbindNotification] = "TCB_UnbindNotification",
    [seL4_TCBSetTLSBase] = "TCB_SetTLSBase",
    [seL4_TCBSetFlags] = "TCB_SetFlags",
    [seL4_CNodeRevoke] = "CNode_Revoke",
    [seL4_CNodeDelete] = "CNode_Delete",
    [seL4_CNodeCancelBadgedSends] = "CNode_CancelBadgedSends",
    [seL4_CNodeCopy] = "CNode_Copy",
    [seL4_CNodeMint] = "CNode_Mint",
    [seL4_CNodeMove] = "CNode_Move",
    [seL4_CNodeMutate] = "CNode_Mutate",
    [seL4_CNodeRotate] = "CNode_Rotate",
    [seL4_IRQIssueIRQHandler] = "IRQControl_Get",
    [seL4_IRQAckIRQ] = "IRQHandler_Ack",
    [seL4_IRQSetIRQHandler] = "IRQHandler_SetNotification",
    [seL4_IRQClearIRQHandler] = "IRQHandler_Clear",
    [seL4_DomainSetSet] = "DomainSet_Set",
    [seL4_DomainScheduleConfigure] = "DomainSet_ScheduleConfigure",
    [seL4_DomainScheduleSetStart] = "DomainSet_ScheduleSetStart",
    [seL4_SchedControlConfigureFlags] = "SchedControl_ConfigureFlags",
    [seL4_SchedContextBind] = "SchedContext_Bind",
    [seL4_SchedContextUnbind] = "SchedContext_Unbind",
    [seL4_SchedContextUnbindObject] = "SchedContext_UnbindObject",
    [seL4_SchedContextConsumed] = "SchedContext_Consumed",
    [seL4_SchedContextYieldTo] = "SchedContext_YieldTo",
    [seL4_ARMVSpaceClean_Data] = "ARM_VSpace_Clean_Data",
    [seL4_ARMVSpaceInvalidate_Data] = "ARM_VSpace_Invalidate_Data",
    [seL4_ARMVSpaceCleanInvalidate_Data] = "ARM_VSpace_CleanInvalidate_Data",
    [seL4_ARMVSpaceUnify_Instruction] = "ARM_VSpace_Unify_Instruction",
    [seL4_ARMSMCCall] = "ARM_SMC_Call",
    [seL4_ARMPageTableMap] = "ARM_PageTable_Map",
    [seL4_ARMPageTableUnmap] = "ARM_PageTable_Unmap",
    [seL4_ARMPageMap] = "ARM_Page_Map",
    [seL4_ARMPageUnmap] = "ARM_Page_Unmap",
    [seL4_ARMPageClean_Data] = "ARM_Page_Clean_Data",
    [seL4_ARMPageInvalidate_Data] = "ARM_Page_Invalidate_Data",
    [seL4_ARMPageCleanInvalidate_Data] = "ARM_Page_CleanInvalidate_Data",
    [seL4_ARMPageUnify_Instruction] = "ARM_Page_Unify_Instruction",
    [seL4_ARMPageGetAddress] = "ARM_Page_GetAddress",
    [seL4_ARMASIDControlMakePool] = "ARM_ASIDControl_MakePool",
    [seL4_ARMASIDPoolAssign] = "ARM_ASIDPool_Assign",
    [seL4_ARMVCPUSetTCB] = "ARM_VCPU_SetTCB",
    [seL4_ARMVCPUInjectIRQ] = "ARM_VCPU_InjectIRQ",
    [seL4_ARMVCPUReadReg] = "ARM_VCPU_ReadRegs",
    [seL4_ARMVCPUWriteReg] = "ARM_VCPU_WriteRegs",
    [seL4_ARMVCPUAckVPPI] = "ARM_VCPU_AckVPPI",
    [seL4_ARMIRQIssueIRQHandlerTrigger] = "IRQControl_GetTrigger",
    [seL4_ARMIRQIssueSGISignal] = "IRQControl_IssueSGISignal",
};

const char *conf_name(uint64_t label)
{
    return names[label];
}

const char *error_name(uint64_t error)
{
    static const char *const errors[] = {
        "works",          "InvalidArgument", "InvalidCapability", "IllegalOperation", "RangeError",      "AlignmentError",
        "FailedLookup",   "TruncatedMessage", "DeleteFirst",      "RevokeFirst",      "NotEnoughMemory",
    };
    return error < ARRAY_LEN(errors) ? errors[error] : "an unknown error";
}

/* ---- invocations ------------------------------------------------------------------------------------------------------------- */

struct answer call(uint64_t cap, uint64_t label, struct words words, struct caps caps)
{
    struct message m = {.info = seL4_MessageInfo_new(label, 0, caps.count, words.count)};
    struct answer a;
    for (unsigned i = 0; i < words.count; i++) {
        *(i < seL4_FastMessageRegisters ? &m.word[i] : &ipc_buffer->msg[i]) = words.at[i];
    }
    for (unsigned i = 0; i < caps.count; i++) {
        ipc_buffer->caps_or_badges[i] = caps.at[i];
    }
    sys_call(cap, &m);
    a.info = m.info;
    for (unsigned i = 0; i < ARRAY_LEN(a.word); i++) {
        a.word[i] = i < seL4_FastMessageRegisters ? m.word[i] : ipc_buffer->msg[i];
    }
    return a;
}

static size_t note_words(size_t used, const uint64_t *word, uint64_t count)
{
    for (uint64_t i = 0; i < count && i < 8; i++) {
        used += format_text(note + used, sizeof note - used, " %llx", (unsigned long long)word[i]);
    }
    return used;
}

static bool expect(struct answer a, uint64_t error, const struct words *words)
{
    uint64_t length = seL4_MessageInfo_length(a.info);
    bool good = seL4_MessageInfo_label(a.info) == error && length == words->count &&
                memcmp(a.word, words->at, words->count * sizeof a.word[0]) == 0;
    if (!good && note[0] == '\0') {
        size_t used = format_text(note, sizeof note, "%s (", error_name(seL4_MessageInfo_label(a.info)));
        used = note_words(used, a.word, length);
        used += format_text(note + used, sizeof note - used, " ), wanted %s (", error_name(error));
        used = note_words(used, words->at, words->count);
        (void)format_text(note + used, sizeof note - used, " )");
    }
    return good;
}

bool works(struct answer a)
{
    return expect(a, seL4_NoError, &NO_WORDS);
}

bool gives(struct answer a, struct words words)
{
    return expect(a, seL4_NoError, &words);
}

bool refuses(struct answer a, uint64_t error, struct words words)
{
    return expect(a, error, &words);
}

bool check(bool good, const char *what)
{
    if (!good && note[0] == '\0') {
        (void)format_text(note, sizeof note, "not so: %s", what);
    }
    return good;
}

bool same(uint64_t got, uint64_t wanted, const char *what)
{
    if (got != wanted && note[0] == '\0') {
        (void)format_text(note, sizeof note, "%s: %llx, wanted %llx", what, (unsigned long long)got, (unsigned long long)wanted);
    }
    return got == wanted;
}

/* ---- rows ---------------------------------------------------------------------------------------------------------------------- */

static void report(const char *subject, const char *error, const char *what, bool good)
{
    good = good && note[0] == '\0';
    say("%s %s | %s | %s%s%s", good ? "ok" : "not ok", subject, error, what, good ? "" : " | ", good ? "" : note);
    *(good ? &passed : &failed) += 1;
}

static void start(const char *subject, const char *error, const char *what)
{
    now = (struct row){subject, error, what, NULL};
    note[0] = '\0';
    fixture_build();
}

void row_hangs(void)
{
    give_up("not ok %s | %s | %s | does not end; %s", now.subject, now.error, now.what, note);
}

unsigned row_number(void)
{
    return passed + failed;
}

void run_row(const char *subject, const char *error, const char *what, bool (*function)(uint64_t), uint64_t argument)
{
    start(subject, error, what);
    bool good = function(argument);
    fixture_clear();
    report(subject, error, what, good);
}

void run_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        start(rows[i].subject, rows[i].error, rows[i].what);
        bool good = rows[i].function();
        fixture_clear();
        report(rows[i].subject, rows[i].error, rows[i].what, good);
    }
}

void run_refusals(const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct refusal *r = &rows[i];
        start(conf_name(r->label), error_name(r->error), r->what);
        bool good = refuses(call(r->cap, r->label, r->words, r->caps), r->error, r->error_words);
        fixture_clear();
        report(conf_name(r->label), error_name(r->error), r->what, good);
    }
}

bool rows_running(void)
{
    return running;
}

bool rows_end(void)
{
    running = false;
    say("conformance: %u rows, %u as expected, %u not", passed + failed, passed, failed);
    return failed == 0;
}
