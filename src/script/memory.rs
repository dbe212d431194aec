//! Enforces a memory limit while many values are made for a script.

use mlua::Lua;

/// Enforces the VM's memory limit in place of its allocator while a host function makes many values. With a limit in
/// the allocator, each string, table and field is a protected call of its own, at several times the cost. One step
/// between two checks allocates at most about as much as is already in use, or as it copies.
pub(super) struct MemoryGuard<'a> {
    lua: &'a Lua,
    limit: usize,
}

impl<'a> MemoryGuard<'a> {
    /// Suspends the allocator's limit until it is dropped. No script may run meanwhile, and there may be only one at a
    /// time.
    pub(super) fn new(lua: &'a Lua) -> mlua::Result<MemoryGuard<'a>> {
        let limit = lua.set_memory_limit(0)?;
        Ok(MemoryGuard { lua, limit })
    }

    /// Returns the VM.
    pub(super) fn lua(&self) -> &'a Lua {
        self.lua
    }

    /// Checks the limit; to be called after each value.
    pub(super) fn check(&self) -> mlua::Result<()> {
        match self.lua.used_memory() > self.limit {
            true => Err(mlua::Error::MemoryError("not enough memory".into())),
            false => Ok(()),
        }
    }
}

impl Drop for MemoryGuard<'_> {
    fn drop(&mut self) {
        // Setting it succeeded before.
        let _ = self.lua.set_memory_limit(self.limit);
    }
}
