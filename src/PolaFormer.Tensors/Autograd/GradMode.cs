namespace PolaFormer.Tensors.Autograd;

/// <summary>Switches recording off, or on again, on this thread for a stretch of code.</summary>
public readonly ref struct GradMode
{
    [ThreadStatic]
    private static bool t_disabled;

    private readonly bool _before;

    private GradMode(bool before) => _before = before;

    /// <summary>Whether operators are recorded when a tape is running.</summary>
    public static bool IsEnabled => !t_disabled;

    /// <summary>Records nothing until the result is disposed.</summary>
    public static GradMode Disable() => Switch(true);

    /// <summary>Ends the stretch.</summary>
    public void Dispose() => t_disabled = _before;

    /// <summary>Records, even within a stretch that does not, until the result is disposed.</summary>
    internal static GradMode Enable() => Switch(false);

    private static GradMode Switch(bool disabled)
    {
        var mode = new GradMode(t_disabled);
        t_disabled = disabled;
        return mode;
    }
}
