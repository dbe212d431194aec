//! Many values for a script, made at once.

use mlua::Lua;

/// Holds the limit of a VM in place of its allocator, as long as it lives, while a function of the host makes many values:
/// under the allocator's limit each string, table and field is a protected call of its own, which costs several times what
/// it does. One step between two checks makes at most about as much as there is already, or as what it copies.
pub(super) struct Room<'a> {
    lua: &'a Lua,
    limit: usize,
}

impl<'a> Room<'a> {
    /// Begins. No script may run until it ends, and there is one at a time.
    pub(super) fn open(lua: &'a Lua) -> mlua::Result<Room<'a>> {
        let limit = lua.set_memory_limit(0)?;
        Ok(Room { lua, limit })
    }

    pub(super) fn lua(&self) -> &'a Lua {
        self.lua
    }

    /// To be asked after each value.
    pub(super) fn check(&self) -> mlua::Result<()> {
        match self.lua.used_memory() > self.limit {
            true => Err(mlua::Error::MemoryError("not enough memory".into())),
            false => Ok(()),
        }
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        // It could be set before.
        let _ = self.lua.set_memory_limit(self.limit);
    }
}
