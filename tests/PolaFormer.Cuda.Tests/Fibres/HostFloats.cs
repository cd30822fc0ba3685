using System.Runtime.CompilerServices;

namespace PolaFormer.Cuda.Tests.Fibres;

/// <summary>A pinned vector of floats between NaN, NaN itself where nothing was given.</summary>
internal sealed unsafe class HostFloats
{
    private const int Guard = 16;

    private readonly float[] _memory;

    public HostFloats(long length)
    {
        _memory = GC.AllocateUninitializedArray<float>((int)length + 2 * Guard, pinned: true);
        _memory.AsSpan().Fill(float.NaN);
    }

    public HostFloats(float[] values) : this(values.Length) => values.CopyTo(Span);

    public nint Address => (nint)Unsafe.AsPointer(ref _memory[Guard]);

    public Span<float> Span => _memory.AsSpan(Guard, _memory.Length - 2 * Guard);

    public static HostFloats Random(System.Random random, int length, double from, double to) =>
        new([.. Enumerable.Range(0, length).Select(_ => (float)(from + (to - from) * random.NextDouble()))]);

    public double[] ToDoubles() => [.. Span.ToArray().Select(value => (double)value)];

    public void AssertSurroundingsUntouched() => Assert.All(
        _memory[..Guard].Concat(_memory[^Guard..]), value => Assert.True(float.IsNaN(value), "a kernel wrote outside its vector"));
}
