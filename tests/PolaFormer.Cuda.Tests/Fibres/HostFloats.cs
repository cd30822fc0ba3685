using System.Runtime.CompilerServices;

namespace PolaFormer.Cuda.Tests.Fibres;

/// <summary>A pinned vector of floats between NaN, NaN itself where nothing was given.</summary>
internal sealed unsafe class HostFloats
{
    private const int Guard = 16;

    private readonly float[] _memory;
    private readonly int _start, _length;

    public HostFloats(long length)
    {
        _memory = GC.AllocateUninitializedArray<float>((int)length + (3 * Guard), pinned: true);
        _memory.AsSpan().Fill(float.NaN);
        // Aligned as a GPU's memory is, for reads of 16 bytes.
        (_start, _length) = (Guard + ((int)(-(nint)Unsafe.AsPointer(ref _memory[0]) & 63) / sizeof(float)), (int)length);
    }

    public HostFloats(float[] values) : this(values.Length) => values.CopyTo(Span);

    public nint Address => (nint)Unsafe.AsPointer(ref _memory[_start]);

    public Span<float> Span => _memory.AsSpan(_start, _length);

    public static HostFloats Random(System.Random random, int length, double from, double to) =>
        new([.. Enumerable.Range(0, length).Select(_ => (float)(from + ((to - from) * random.NextDouble())))]);

    public double[] ToDoubles() => [.. Span.ToArray().Select(value => (double)value)];

    public void AssertSurroundingsUntouched() => Assert.All(
        _memory[.._start].Concat(_memory[(_start + _length)..]), value => Assert.True(float.IsNaN(value), "a kernel wrote outside its vector"));
}
