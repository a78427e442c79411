$(call lib,base shmq proto lld)
$(call skip,kernel boot linux)
