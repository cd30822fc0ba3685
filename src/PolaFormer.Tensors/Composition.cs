namespace PolaFormer.Tensors;

/// <summary>
/// Whether fused operators, attention among them, run as the elementary operators that they are made of: a way round a kernel
/// in doubt, and what kernels are tested against. Slower, and for attention of memory quadratic or N×2d.
/// </summary>
public static class Composition
{
    [ThreadStatic]
    private static bool t_forced;

    /// <summary>Whether this thread's fused operators are composed on every device.</summary>
    public static bool IsForced
    {
        get => t_forced;
        set => t_forced = value;
    }
}
