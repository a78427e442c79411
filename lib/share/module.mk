$(call lib,base shmq proto lld disk gpt format)
$(call skip,kernel boot linux)
