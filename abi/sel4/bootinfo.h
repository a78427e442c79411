/* SPDX-License-Identifier: MIT */
/**
 * What the kernel tells the root task: the initial capabilities and the BootInfo page. Names are seL4's own.
 * Source: seL4 reference manual 16.0.0 chapter 9; docs/spec/kernel-abi.md
 */
#ifndef LX_ABI_SEL4_BOOTINFO_H
#define LX_ABI_SEL4_BOOTINFO_H

#include "sel4.h"

enum {
    seL4_CapNull = 0,
    seL4_CapInitThreadTCB,
    seL4_CapInitThreadCNode,
    seL4_CapInitThreadVSpace,
    seL4_CapIRQControl,
    seL4_CapASIDControl,
    seL4_CapInitThreadASIDPool,
    seL4_CapIOPortControl,
    seL4_CapIOSpace,
    seL4_CapBootInfoFrame,
    seL4_CapInitThreadIPCBuffer,
    seL4_CapDomain,
    seL4_CapSMMUSIDControl,
    seL4_CapSMMUCBControl,
    seL4_CapInitThreadSC,
    seL4_CapSMC,
    seL4_NumInitialCaps,
};

enum {
    seL4_MaxBootInfoUntypeds = 230,
    seL4_BootInfoHeaderFDT = 6,
};

struct seL4_SlotRegion {
    uint64_t start; /**< first slot */
    uint64_t end;   /**< first slot after */
};

struct seL4_UntypedDesc {
    uint64_t paddr;
    uint8_t sizeBits;
    uint8_t isDevice;
    uint8_t padding[6];
};

struct seL4_BootInfo {
    uint64_t extraLen; /**< bytes of the extra boot information, which starts one page after this one */
    uint64_t nodeID;
    uint64_t numNodes;
    uint64_t numIOPTLevels;
    uint64_t ipcBuffer;
    struct seL4_SlotRegion empty;
    struct seL4_SlotRegion sharedFrames;
    struct seL4_SlotRegion userImageFrames;
    struct seL4_SlotRegion userImagePaging;
    struct seL4_SlotRegion ioSpaceCaps;
    struct seL4_SlotRegion extraBIPages;
    uint64_t initThreadCNodeSizeBits;
    uint64_t initThreadDomain;
    struct seL4_SlotRegion schedcontrol;
    struct seL4_SlotRegion untyped;
    struct seL4_UntypedDesc untypedList[seL4_MaxBootInfoUntypeds];
};
_Static_assert(sizeof(struct seL4_BootInfo) == 184 + 16 * seL4_MaxBootInfoUntypeds, "BootInfo");

/** A chunk of extra boot information: this header, then the payload; `len` counts both. */
struct seL4_BootInfoHeader {
    uint64_t id;
    uint64_t len;
};

/* ---- ours: the kernel shows its own pages (docs/spec/kernel-abi.md section 9) ------------------------------------------ */

/** Ids of the chunks; far from seL4's numbers, which are small. */
enum {
    LX_BOOTINFO_KERNEL = 0x4c584b31, /**< the kernel's image from its first byte on: code, then constants */
    LX_BOOTINFO_TRACE = 0x4c584b32,  /**< its trace (abi/trace/trace.h), of a kernel that has one */
};

/** A chunk, with its header: slots of small frames that can be read, in the order of the kernel's memory. */
struct lx_bootinfo_pages {
    struct seL4_BootInfoHeader header;
    struct seL4_SlotRegion frames;
};
_Static_assert(sizeof(struct lx_bootinfo_pages) == 32, "chunk of the kernel's pages");

#endif
