using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Cuda.Tests;

/// <summary>The device itself: memory, copies and what it says where it cannot do something.</summary>
public class CudaDeviceTests
{
    [Fact]
    public void Too_little_memory_is_one_line_with_what_was_asked_and_what_is_free()
    {
        var device = new CudaDevice(new FibreRuntime(order: 0) { TotalBytes = 64 << 20 }, "cuda:0");
        using MemoryScope scope = MemoryScope.Enter();
        device.Empty([8 << 20]);
        var error = Assert.Throws<InsufficientMemoryException>(() => device.Empty([12 << 20]));
        Assert.Equal("fibres is out of memory: 48 MiB asked for, 32 MiB of 64 MiB free. Use a smaller batch, or end other programs on this GPU.", error.Message);
    }

    [Fact]
    public void Unused_blocks_make_room_for_others()
    {
        var device = new CudaDevice(new FibreRuntime(order: 0) { TotalBytes = 64 << 20 }, "cuda:0");
        using (MemoryScope.Enter())
            device.Empty([8 << 20]);
        Assert.Equal(32 << 20, device.MemoryStatistics.BytesReserved);
        using (MemoryScope.Enter())
            device.Empty([12 << 20]);
        Assert.Equal(48 << 20, device.MemoryStatistics.BytesReserved);
        device.TrimMemory();
        Assert.Equal(0, device.MemoryStatistics.BytesReserved);
    }

    // Trainers read losses late then, and sequences keep their padding, whose removal gives every step other shapes.
    [Fact]
    public void Work_goes_on_after_a_request_returns() => Assert.True(FibreDevice.Create(order: 0).IsAsynchronous);

    [Fact]
    public void The_processor_cannot_read_its_memory_but_by_copies()
    {
        CudaDevice device = FibreDevice.Create(order: 0);
        Tensor x = Tensor.From([1f, 2, 3], [3], device);
        Assert.Contains("cuda:0", Assert.Throws<InvalidOperationException>(() => x.AsSpan<float>()).Message);
        Assert.Equal([2f, 4, 6], (x + x).ToArray());
    }

    [Fact]
    public void Tensors_of_the_processor_are_refused()
    {
        Tensor x = Tensor.From([1f, 2, 3], [3], FibreDevice.Create(order: 0)), y = Tensor.From([1f, 2, 3], [3], Device.Cpu);
        Assert.Contains("Make all tensors on one device", Assert.Throws<InvalidOperationException>(() => x + y).Message);
    }

    [Fact]
    public void A_missing_GPU_is_one_line()
    {
        Assert.SkipWhen(Gpu.WhyUnavailable() is null, "there is a GPU here");
        CudaDevice.Register();
        Assert.Equal(Gpu.WhyUnavailable(), Assert.Throws<CudaException>(() => Device.Open("cuda:0")).Message);
        Assert.Equal(Gpu.WhyUnavailable(), Assert.Throws<CudaException>(() => CudaDevice.Open(1)).Message);
    }
}
