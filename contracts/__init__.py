"""The shared language of Fudao: pure data that crosses a boundary, and the activity stubs; imports nothing of ours."""
