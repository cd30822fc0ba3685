using PolaFormer.Cuda.Attention;
using PolaFormer.Cuda.Core;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>One polarity attention on the GPU with all its tensors.</summary>
internal sealed class GpuPolarity : IDisposable
{
    private readonly GpuStream _stream;
    private readonly List<GpuMemory> _memory = [];
    private readonly PolarityProblem _problem;
    private readonly nint _forward, _backward;
    private readonly PolarityArguments _arguments;

    public GpuPolarity(GpuStream stream, StorageType type, int batch, int heads, int headDim, int queries, int keys)
    {
        _stream = stream;
        _problem = new PolarityProblem(type, batch, heads, headDim, queries, keys, stream.Multiprocessors);
        Channels = heads * headDim;
        (Q, K, V, Out) = (New(queries), New(keys), New(keys), New(queries));
        (DOut, DQ, DK, DV) = (New(queries), New(queries), New(keys), New(keys));
        (Position, InverseScale, Power) = (Take((long)keys * Channels * _problem.ElementBytes), Floats(Channels), Floats(Channels));
        (DInverseScale, DPower) = (Floats(Channels), Floats(Channels));
        (_forward, _backward) = (Floats(_problem.ForwardWorkspace), Floats(_problem.BackwardWorkspace));
        _arguments = new PolarityArguments
        {
            Q = Rows(Q, queries),
            K = Rows(K, keys),
            V = Rows(V, keys),
            DQ = Rows(DQ, queries),
            DK = Rows(DK, keys),
            DV = Rows(DV, keys),
            Position = Rows(Position, keys) with { ImageStride = 0 },
            Out = Rows(Out, queries),
            DOut = Rows(DOut, queries),
            InverseScale = InverseScale,
            Power = Power,
            State = Floats(_problem.StateFloats),
            DInverseScale = DInverseScale,
            DPower = DPower,
        };

        nint New(int tokens) => Take((long)batch * tokens * Channels * _problem.ElementBytes);
        RowsOnDevice Rows(nint address, int tokens) => RowsOnDevice.Contiguous(address, tokens, Channels);
    }

    public int Channels { get; }
    public nint Q { get; }
    public nint K { get; }
    public nint V { get; }
    public nint Out { get; }
    public nint DOut { get; }
    public nint DQ { get; }
    public nint DK { get; }
    public nint DV { get; }
    public nint Position { get; }
    public nint InverseScale { get; }
    public nint Power { get; }
    public nint DInverseScale { get; }
    public nint DPower { get; }

    public void Forward(IKernelQueue? queue = null) => PolarityKernels.Forward(queue ?? _stream, _problem, _arguments, _forward);

    public void Backward(IKernelQueue? queue = null) => PolarityKernels.Backward(queue ?? _stream, _problem, _arguments, _backward);

    /// <summary>Normal numbers, times a factor, in a tensor of the storage type.</summary>
    public void FillNormal(nint tensor, long count, ulong number, float scale = 1) =>
        RandomKernels.Normal(_stream, _problem.Type, new Philox(1, number), tensor, count, scale);

    public void FillFloats(nint tensor, long count, ulong number, float scale, float offset) =>
        RandomKernels.Uniform(_stream, StorageType.Float, new Philox(1, number), tensor, count, scale, offset);

    public void Write(nint tensor, float[] values, bool floats = false)
    {
        if (floats || _problem.Type == StorageType.Float)
            _stream.Write(tensor, (ReadOnlySpan<float>)values);
        else
            _stream.Write(tensor, (ReadOnlySpan<ushort>)Array.ConvertAll(values, value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)));
    }

    public double[] Read(nint tensor, long count, bool floats = false)
    {
        if (floats || _problem.Type == StorageType.Float)
        {
            float[] values = new float[count];
            _stream.Read(tensor, values.AsSpan());
            return Array.ConvertAll(values, value => (double)value);
        }

        ushort[] halves = new ushort[count];
        _stream.Read(tensor, halves.AsSpan());
        return Array.ConvertAll(halves, value => (double)BitConverter.UInt32BitsToSingle((uint)value << 16));
    }

    public void Dispose() => _memory.ForEach(memory => memory.Dispose());

    private nint Floats(long count) => Take(count * sizeof(float));

    private nint Take(long bytes)
    {
        GpuMemory memory = _stream.Allocate(bytes);
        _stream.Fill(bytes == 0 ? 0 : memory.Address, 0xFF, bytes);
        _memory.Add(memory);
        return memory.Address;
    }
}
