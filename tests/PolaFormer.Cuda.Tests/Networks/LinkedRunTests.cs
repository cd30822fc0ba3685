using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Distributed;
using PolaFormer.Tensors;
using PolaFormer.Training;
using PolaFormer.Training.Optimization;
using PolaFormer.Training.Tests;

namespace PolaFormer.Cuda.Tests.Networks;

/// <summary>Workers with a GPU each, whose gradients go from GPU to GPU: threads of this process, with NCCL's functions on the host.</summary>
public sealed class LinkedRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public LinkedRunTests() => HostNccl.Load();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Gradients_from_gpu_to_gpu_have_the_bits_of_one_worker_and_of_those_through_the_processor()
    {
        Run("alone", 1);
        Assert.Contains(" share one of ", Assert.Single(Run("apart", 2, place: "one").Warnings), StringComparison.Ordinal);
        Assert.Equal(StateOf("alone"), StateOf("apart"));
        foreach (int workers in (int[])[2, 3, 4])
        {
            Assert.Empty(Run($"{workers}", workers).Warnings);
            Assert.Contains($"cuda:0, {workers} workers by NCCL 2.99.0", File.ReadAllText(Path.Combine(_folder, $"{workers}", "log.jsonl")), StringComparison.Ordinal);
            Assert.Equal(StateOf("alone"), StateOf($"{workers}"));
            Assert.Equal(0, HostNccl.OpenCommunicators());
        }
    }

    [Fact]
    public void A_ring_of_gpus_has_the_bits_of_one_through_the_processor()
    {
        Run("linked", 3, isRing: true);
        Run("apart", 3, isRing: true, place: "one");
        Assert.Equal(StateOf("apart"), StateOf("linked"));
    }

    [Fact]
    public void A_worker_that_leaves_ends_the_wait_of_the_others_with_its_number()
    {
        var error = Assert.Throws<AggregateException>(() => LocalGroup.Run(2, worker =>
        {
            CudaDevice device = FibreDevice.Create(order: 0);
            using DeviceLinks links = Join(worker, device);
            if (worker.Rank == 0)
                links.Exchange(1, null, 1, Tensor.Zeros([3], device));
            return 0;
        }));
        Assert.Equal(
            "NCCL could not receive from worker 1: remote process exited or there was a network error. NCCL_DEBUG=INFO makes it tell more.",
            Assert.IsType<CudaException>(Assert.Single(error.InnerExceptions)).Message);
    }

    [Fact]
    public void Messages_go_both_ways_at_a_time_and_add_up() => Assert.All(
        LocalGroup.Run(2, worker =>
        {
            CudaDevice device = FibreDevice.Create(order: 0);
            using DeviceLinks links = Join(worker, device);
            Tensor own = Tensor.Full([3], worker.Rank + 1, device), theirs = Tensor.Zeros([3], device);
            int other = 1 - worker.Rank;
            links.WaitForDevice();
            links.Exchange(other, own, other, theirs);
            links.Add(own, theirs);
            links.LetDeviceWait();
            worker.Any(0);
            return own.ToArray();
        }), sums => Assert.Equal([3, 3, 3], sums));

    private static DeviceLinks Join(WorkerGroup worker, CudaDevice device)
    {
        DeviceNetwork network = device.FindNetwork(out _)!;
        byte[] id = network.NewId();
        worker.Broadcast(id);
        return network.Join(id, worker.Rank, worker.Size);
    }

    // Of the first worker.
    private Course Run(string name, int workers, bool isRing = false, string? place = null) => LocalGroup.Run(workers, worker =>
    {
        var course = new Course();
        FibreRuntime runtime = place is null ? new FibreRuntime(order: 0) : new FibreRuntime(order: 0) { Place = place };
        var device = new CudaDevice(runtime, "cuda:0");
        var task = new SequenceTask(device);
        var options = new TrainerOptions
        {
            Epochs = 1,
            MicroBatches = 4,
            ReducesInRing = isRing,
            Workers = worker,
            Optimizer = new AdamW(ParameterGroup.Split(task.Model, weightDecay: 0.01)),
            Schedule = new CosineSchedule(0.01, 0, 1e-4, WarmupSteps: 1, TotalSteps: 2),
            ClipGradient = 1,
        };
        Assert.True(new Trainer(task, options, Path.Combine(_folder, name)).Run(course));
        return course;
    })[0];

    private byte[] StateOf(string name) => File.ReadAllBytes(Path.Combine(_folder, name, "resume.safetensors"));
}
