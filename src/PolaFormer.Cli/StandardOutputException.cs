namespace PolaFormer.Cli;

/// <summary>Standard output cannot be written: its disk is full, or it is closed.</summary>
internal sealed class StandardOutputException(Exception cause) : IOException($"Standard output cannot be written ({cause.Message.TrimEnd('.')}).", cause);
