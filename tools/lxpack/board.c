/* SPDX-License-Identifier: MIT */
/** Device-tree nodes of the board, by name: registers and interrupts. Source: Devicetree specification 0.4; Arm GIC binding. */
#include <libfdt.h>

#include "lxpack.h"

static struct bytes tree;

void board_open(const char *path)
{
    tree = read_file(path);
    if (tree.len_bytes < sizeof(struct fdt_header) || fdt_check_full(tree.at, tree.len_bytes) != 0) {
        fail("%s is not a device tree blob; make it with dtc or QEMU's dumpdtb", path);
    }
}

static uint64_t cells(const uint8_t *p, int count)
{
    return count == 2 ? be64_load(p) : be32_load(p);
}

static void read_registers(int node, struct board_node *out)
{
    int parent = fdt_parent_offset(tree.at, node);
    int address_cells = fdt_address_cells(tree.at, parent);
    int size_cells = fdt_size_cells(tree.at, parent);
    int len = 0;
    const uint8_t *p = fdt_getprop(tree.at, node, "reg", &len);
    if (p == NULL || address_cells < 1 || address_cells > 2 || size_cells < 1 || size_cells > 2) {
        return;
    }
    int entry_bytes = 4 * (address_cells + size_cells);
    for (; len >= entry_bytes && out->reg_count < ARRAY_LEN(out->regs); len -= entry_bytes, p += entry_bytes) {
        out->regs[out->reg_count].addr = cells(p, address_cells);
        out->regs[out->reg_count].len_bytes = cells(p + 4 * address_cells, size_cells);
        out->reg_count++;
    }
}

/* GIC interrupts have three cells: 0 shared or 1 private, number, flags (1, 2: edge; 4, 8: level). */
static void read_interrupts(int node, struct board_node *out)
{
    int len = 0;
    const uint8_t *p = fdt_getprop(tree.at, node, "interrupts", &len);
    if (p == NULL) {
        return;
    }
    for (; len >= 12 && out->irq_count < ARRAY_LEN(out->irqs); len -= 12, p += 12) {
        uint32_t base = be32_load(p) == 0 ? 32 : 16;
        out->irqs[out->irq_count].number = base + be32_load(p + 4);
        out->irqs[out->irq_count].edge = (be32_load(p + 8) & 3) != 0;
        out->irq_count++;
    }
}

bool board_find(const char *name, struct board_node *out)
{
    for (int node = fdt_next_node(tree.at, -1, NULL); node >= 0; node = fdt_next_node(tree.at, node, NULL)) {
        const char *found = fdt_get_name(tree.at, node, NULL);
        if (found != NULL && strcmp(found, name) == 0) {
            memset(out, 0, sizeof *out);
            read_registers(node, out);
            read_interrupts(node, out);
            return true;
        }
    }
    return false;
}

const char *board_console(void)
{
    int chosen = fdt_path_offset(tree.at, "/chosen");
    const char *path = chosen < 0 ? NULL : fdt_getprop(tree.at, chosen, "stdout-path", NULL);
    int node = path == NULL ? -1 : fdt_path_offset(tree.at, path);
    const char *found = node < 0 ? NULL : fdt_get_name(tree.at, node, NULL);
    return found == NULL ? "" : found;
}
