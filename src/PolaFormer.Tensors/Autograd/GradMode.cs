namespace PolaFormer.Tensors.Autograd;

/// <summary>Switches recording off on this thread for a stretch of code.</summary>
public readonly ref struct GradMode
{
    [ThreadStatic]
    private static int t_disabled;

    /// <summary>Whether operators are recorded when a tape is running.</summary>
    public static bool IsEnabled => t_disabled == 0;

    /// <summary>Records nothing until the result is disposed.</summary>
    public static GradMode Disable()
    {
        t_disabled++;
        return default;
    }

    /// <summary>Ends the stretch.</summary>
    public void Dispose() => t_disabled--;
}
