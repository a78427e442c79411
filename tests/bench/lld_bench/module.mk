$(call tool,base lld,-llmdb)
