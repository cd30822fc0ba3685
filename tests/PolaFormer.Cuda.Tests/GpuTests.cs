namespace PolaFormer.Cuda.Tests;

public class GpuTests
{
    [Fact]
    public void A_machine_without_a_driver_is_told_what_to_do()
    {
        Assert.SkipWhen(Gpu.Count > 0, "this machine has a GPU");

        string reason = Assert.IsType<string>(Gpu.WhyUnavailable());

        Assert.Contains("NVIDIA's driver", reason, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', reason);
        Assert.Equal(reason, Assert.Throws<CudaException>(() => Gpu.Open()).Message);
    }

    [Fact]
    public void Too_little_memory_is_told_in_numbers()
    {
        CudaException exception = CudaException.NotEnoughMemory("GPU X (cuda:1)", 3L << 30, 512L << 20, 8L << 30);

        Assert.True(exception.IsOutOfMemory);
        Assert.Equal(
            "GPU X (cuda:1) is out of memory: 3072 MiB asked for, 512 MiB of 8192 MiB free. Use a smaller batch, or end other programs on this GPU.",
            exception.Message);
    }
}
