using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cuda.Tests;

/// <summary>When a pass becomes one piece of work, what it takes anew then, and what goes on request by request.</summary>
public class RepeatedPassTests
{
    private readonly FibreRuntime _runtime = new(order: 0);
    private readonly CudaDevice _device;

    public RepeatedPassTests() => _device = new CudaDevice(_runtime, "cuda:0");

    [Fact]
    public void The_third_run_is_the_first_of_captured_work()
    {
        Tensor x = Tensor.From([1f, 2], [2], _device);
        using RepeatedPass pass = _device.Repeat(() => (x * 2f) + 1f);
        for (int run = 1; run <= 4; run++)
        {
            x.CopyFrom([run, 2f]);
            Assert.Equal([(2f * run) + 1, 5], pass.Run().ToArray());
            Assert.Equal(Math.Max(0, run - 2), _runtime.CapturedRuns);
        }

        Assert.Null(pass.WhyNotWhole);
    }

    [Fact]
    public void Random_numbers_follow_from_the_step_where_they_do_elsewhere()
    {
        Tensor x = Tensor.Full([64], 1, _device);
        ulong now = 0;
        using RepeatedPass pass = _device.Repeat(() => Tensor.Concat(
            0, x.Dropout(0.5f, new Philox(1, 2, now)), x.Dropout(0.5f, new Philox(1, 2, now + 1)), x.Dropout(0.5f, new Philox(1, 2))));
        float[] Expected(ulong step) =>
            [.. ((Philox[])[new(1, 2, step), new(1, 2, step + 1), new(1, 2)]).SelectMany(generator => Tensor.Full([64], 1, Device.Cpu).Dropout(0.5f, generator).ToArray())];

        foreach (ulong step in (ulong[])[3, 4, 5, 6, 100, 5])
            Assert.Equal(Expected(now = step), pass.Run(step).ToArray());
        Assert.Equal(4, _runtime.CapturedRuns);
    }

    [Fact]
    public void A_pass_that_reads_values_goes_on_as_it_is()
    {
        Tensor x = Tensor.From([3f], [1], _device);
        using RepeatedPass pass = _device.Repeat(() => x * x.Item());
        for (int run = 0; run < 4; run++)
            Assert.Equal([9f], pass.Run().ToArray());

        Assert.Equal("It reads values of the device while it runs.", pass.WhyNotWhole);
        Assert.Equal(0, _runtime.CapturedRuns);
    }

    [Fact]
    public void A_pass_with_other_values_from_the_host_goes_on_as_it_is()
    {
        int runs = 0;
        using RepeatedPass pass = _device.Repeat(() => Tensor.From([(float)++runs], [1], _device) * 2f);
        for (int run = 0; run < 3; run++)
            pass.Run();

        float last = pass.Run().Item();
        Assert.Equal(2f * runs, last);
        Assert.Equal("It takes values from the host that are not the same in every run.", pass.WhyNotWhole);
        Assert.Equal(0, _runtime.CapturedRuns);
    }

    [Fact]
    public void A_pass_that_needs_more_memory_than_before_goes_on_as_it_is()
    {
        int runs = 0;
        using RepeatedPass pass = _device.Repeat(() => Tensor.Zeros([100 << (4 * runs++)], _device).Sum());
        for (int run = 0; run < 4; run++)
            Assert.Equal(0, pass.Run().Item());

        Assert.Equal("It takes memory that it did not take in the runs before.", pass.WhyNotWhole);
        Assert.Equal(0, _runtime.CapturedRuns);
    }

    [Fact]
    public void What_a_pass_reads_stays_although_nothing_else_holds_it()
    {
        Tensor? table = Tensor.Full([300], 3, _device);
        using RepeatedPass pass = _device.Repeat(() => (table ?? throw new InvalidOperationException()) + 1f);
        for (int run = 0; run < 3; run++)
            pass.Run();

        table = null;
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Tensor other = Tensor.Full([300], 9, _device);
        Assert.Equal(Enumerable.Repeat(4f, 300), pass.Run().ToArray());
        GC.KeepAlive(other);
    }

    [Fact]
    public void Memory_of_a_pass_serves_others_after_it()
    {
        using (RepeatedPass pass = _device.Repeat(() => Tensor.Zeros([1 << 20], _device)))
        {
            for (int run = 0; run < 3; run++)
                pass.Run();
        }

        long reserved = _device.MemoryStatistics.BytesReserved;
        using (MemoryScope.Enter())
            _device.Empty([1 << 20]);
        Assert.Equal(reserved, _device.MemoryStatistics.BytesReserved);
    }

    [Fact]
    public void Unused_memory_of_the_device_makes_room_for_a_pass()
    {
        var device = new CudaDevice(new FibreRuntime(order: 0) { TotalBytes = 64 << 20 }, "cuda:0");
        using (MemoryScope.Enter())
            device.Empty([12 << 20]);
        using RepeatedPass pass = device.Repeat(() => device.Empty([11 << 20]));
        pass.Run();
    }
}
