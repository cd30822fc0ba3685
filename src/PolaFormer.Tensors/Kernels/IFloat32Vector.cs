namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// One hardware vector of float32 lanes, so that a kernel is written once for every width. A mask is a vector whose lanes are
/// all ones or all zeros; "bits" operations see the lanes as 32-bit integers.
/// </summary>
internal unsafe interface IFloat32Vector<T> where T : unmanaged, IFloat32Vector<T>
{
    static abstract int Count { get; }

    static abstract T Zero { get; }

    static abstract T Create(float value);

    static abstract T CreateBits(int value);

    static abstract T Load(float* source);

    /// <summary>Loads the first <paramref name="count"/> lanes (0 to <see cref="Count"/>) and touches nothing behind them; the other lanes are 0.</summary>
    static abstract T LoadPartial(float* source, int count);

    static abstract void Store(T value, float* destination);

    /// <summary>Stores the first <paramref name="count"/> lanes.</summary>
    static abstract void StorePartial(T value, float* destination, int count);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator -(T a);

    static abstract T operator *(T a, T b);

    static abstract T operator /(T a, T b);

    static abstract T operator &(T a, T b);

    static abstract T operator |(T a, T b);

    static abstract T operator ^(T a, T b);

    /// <summary>a·b + c, rounded once where the hardware does that quickly, else twice.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    /// <summary>a·b + c rounded once, whatever it costs.</summary>
    static abstract T FusedMultiplyAdd(T a, T b, T c);

    /// <summary>a &lt; b ? a : b, so the second operand where either is NaN (on ARM: NaN).</summary>
    static abstract T Min(T a, T b);

    /// <summary>a &gt; b ? a : b, so the second operand where either is NaN (on ARM: NaN).</summary>
    static abstract T Max(T a, T b);

    static abstract T Abs(T a);

    static abstract T Sqrt(T a);

    static abstract T LessThan(T a, T b);

    static abstract T GreaterThan(T a, T b);

    static abstract T Equal(T a, T b);

    static abstract T Select(T mask, T whenTrue, T whenFalse);

    static abstract bool Any(T mask);

    /// <summary>The mask of the first <paramref name="count"/> lanes.</summary>
    static abstract T FirstLanes(int count);

    static abstract T AddBits(T a, T b);

    static abstract T SubtractBits(T a, T b);

    static abstract T ShiftLeft(T a, int count);

    /// <summary>Arithmetic shift of the lanes as 32-bit integers.</summary>
    static abstract T ShiftRight(T a, int count);

    /// <summary>The lanes, read as 32-bit integers, as floats.</summary>
    static abstract T ConvertBits(T a);

    /// <summary>a·2^n for integral n in [−252, 254], rounded once, also into the subnormal range.</summary>
    static abstract T Scale(T a, T n);

    /// <summary>Sum of the lanes, in an order fixed by the width.</summary>
    static abstract float Sum(T a);

    /// <summary>Largest lane, or NaN where a lane is NaN.</summary>
    static abstract float MaxLane(T a);
}
