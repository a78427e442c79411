$(call service,virtio)
