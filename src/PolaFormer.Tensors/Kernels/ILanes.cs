namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// The vector operations of the attention kernels at one width, so that each kernel is written once.
/// <typeparamref name="TVector"/> is the vector itself, not a wrapper: the JIT keeps it in a register.
/// </summary>
internal unsafe interface ILanes<TVector> where TVector : struct
{
    /// <summary>Floats in a vector.</summary>
    static abstract int Count { get; }

    /// <summary>Whether 24 accumulators fit beside their operands (32 vector registers).</summary>
    static abstract bool WideTile { get; }

    static abstract TVector Zero { get; }
    static abstract TVector Broadcast(float value);
    static abstract TVector Load(float* source);
    static abstract void Store(TVector value, float* destination);
    static abstract TVector Add(TVector a, TVector b);
    static abstract TVector Subtract(TVector a, TVector b);
    static abstract TVector Multiply(TVector a, TVector b);

    /// <summary>a·b + c, rounded once where the machine can.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    static abstract TVector Max(TVector a, TVector b);
    static abstract TVector Abs(TVector a);
    static abstract TVector Negate(TVector a);
    static abstract TVector Exp(TVector a);
    static abstract TVector Log(TVector a);

    /// <summary>Sum of the lanes.</summary>
    static abstract float Sum(TVector a);

    /// <summary>Zero where x ≤ 0, else <paramref name="value"/>: a NaN in x lets the value through.</summary>
    static abstract TVector ZeroUnlessPositive(TVector x, TVector value);

    /// <summary>Lanewise x &gt; 0 ? <paramref name="positive"/> : <paramref name="other"/>.</summary>
    static abstract TVector SelectPositive(TVector x, TVector positive, TVector other);

    /// <summary>(x0, x1, x2, x3, …) → (x1, x0, x3, x2, …).</summary>
    static abstract TVector SwapPairs(TVector a);
}
