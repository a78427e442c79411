$(call kernel,plat/qemu_virt)
