using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors.Tests;

/// <summary>Values between tensors and the processor's memory, on the processor and on a device whose memory it cannot read.</summary>
public class HostCopyTests
{
    private readonly FarDevice _far = new();

    [Fact]
    public void ValuesComeBackFromADeviceThatTheProcessorCannotRead()
    {
        Tensor x = Tensor.From([1f, 2, 3, 4], [2, 2], _far);
        Assert.Same(_far, x.Device);
        Assert.Equal([1f, 2, 3, 4], x.ToArray());
        Assert.Equal(3, x.Slice(0, 1, 1).Reshape(2).To(Device.Cpu).AsSpan<float>()[0]);
        float[] values = new float[4];
        x.CopyTo<float>(values);
        Assert.Equal([1f, 2, 3, 4], values);
        Assert.Equal(7, Tensor.From([7f], [], _far).Item());
    }

    [Fact]
    public void ASpanOfSuchMemoryIsRefusedWithTheWayAround()
    {
        Tensor x = Tensor.From([1f, 2], [2], _far);
        foreach (Action read in new Action[] { () => x.AsSpan<float>(), () => x.AsBytes() })
            Assert.Contains("To(Device.Cpu)", Assert.Throws<InvalidOperationException>(read).Message);
    }

    [Fact]
    public void WritesReachTheDevice()
    {
        Tensor x = Tensor.From([1f, 2], [2], _far);
        x.CopyFrom([3f, 4]);
        Assert.Equal([3f, 4], x.ToArray());
        x.Write<float>(values => (values[0], values[1]) = (5, 6));
        Assert.Equal([5f, 6], x.ToArray());
        x.WriteBytes(4, BitConverter.GetBytes(8f));
        Assert.Equal([5f, 8], x.ToArray());
        x.CopyFrom(Tensor.From([9f, 10], [2], Device.Cpu));
        Assert.Equal([9f, 10], x.ToArray());
    }

    [Fact]
    public void ATensorGoesFromDeviceToDevice()
    {
        var other = new FarDevice();
        Tensor x = Tensor.From([1f, 2], [2], _far), y = x.To(other);
        Assert.Same(other, y.Device);
        Assert.Equal([1f, 2], y.ToArray());
        Assert.Same(x, x.To(_far));
    }

    [Fact]
    public void MovingKeepsTheObjectItsValuesAndItsGradient()
    {
        Tensor x = Tensor.From([1f, 2], [2]);
        x.RequiresGrad = true;
        using (Tape tape = Tape.Start())
            tape.Backward((x * 3).Sum());
        x.MoveTo(_far);
        Assert.Same(_far, x.Device);
        Assert.Equal([1f, 2], x.ToArray());
        Assert.Equal([3f, 3], x.Grad!.ToArray());
    }

    [Fact]
    public void AShapeOnlyDeviceTakesValuesAndGivesNone()
    {
        var meta = new MetaDevice();
        Tensor x = Tensor.From([1f, 2], [2], meta);
        Assert.Equal(2, x.Count);
        x.CopyFrom([3f, 4]);
        x.Write<float>(_ => Assert.Fail("There is nothing to write."));
        Assert.Contains("no values", Assert.Throws<InvalidOperationException>(() => x.ToArray()).Message);
        Assert.Contains("no values", Assert.Throws<InvalidOperationException>(() => x.AsSpan<float>()).Message);
        Assert.Equal(new Shape(2), Tensor.From([1f, 2], [2]).To(meta).Shape);
    }

    [Fact]
    public void EachDeviceCountsItsOwnMemory()
    {
        using (MemoryScope.Enter())
        {
            // On this thread: other tests use the processor's memory meanwhile.
            Assert.Equal(0, Device.Cpu.MemoryStatistics.PeakOf(() => _far.Empty([1024])));
            Assert.Equal(4096, _far.MemoryStatistics.BytesInUse);
        }

        Assert.Equal(0, _far.MemoryStatistics.BytesInUse);
        Assert.Equal(4096, _far.MemoryStatistics.BytesReserved);
    }

    [Fact]
    public void FromTakesTheThreadsDeviceWhereNoneIsNamed()
    {
        using IDisposable use = _far.Use();
        Assert.Same(_far, Tensor.From([1f], [1]).Device);
    }
}
