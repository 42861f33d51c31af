"""Pages of the secretariat's console; `table` has their routers and their lines of the policy table."""
