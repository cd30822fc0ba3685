using PolaFormer.Checkpoints;
using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Training;
using PolaFormer.Training.Optimization;
using PolaFormer.Training.Tests;

namespace PolaFormer.Cuda.Tests.Networks;

/// <summary>That a training run on the kernels ends as on the processor, and with the same bits whether it was stopped or not.</summary>
public sealed class RunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_run_ends_as_on_the_processor()
    {
        Trainer("here", Device.Cpu).Run();
        Trainer("there", FibreDevice.Create(order: 0)).Run();

        using Checkpoint here = Checkpoint.Open(StateOf("here")), there = Checkpoint.Open(StateOf("there"));
        Assert.Equal(here.Entries.Select(entry => entry.Name), there.Entries.Select(entry => entry.Name));
        Distance.AssertWithin(1e-3, Weights(here), Weights(there), "weights");
    }

    [Fact]
    public void A_run_that_was_stopped_ends_with_the_bits_of_one_that_was_not()
    {
        Trainer("whole", FibreDevice.Create(order: 0)).Run();
        using var stop = new CancellationTokenSource();
        var course = new Course { OnStep = progress => { if (progress.Step == 5) stop.Cancel(); } };
        Assert.False(Trainer("stopped", FibreDevice.Create(order: 0)).Run(course, stop.Token));
        Trainer("stopped", FibreDevice.Create(order: 1)).Run();

        Assert.Equal(File.ReadAllBytes(StateOf("whole")), File.ReadAllBytes(StateOf("stopped")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_run_that_was_killed_in_repeated_steps_ends_with_the_bits_of_one_that_was_not(bool isMixed)
    {
        var runtime = new FibreRuntime(order: 0);
        Trainer("whole", new CudaDevice(new FibreRuntime(order: 0), "cuda:0") { IsMixedPrecision = isMixed }, saveMinutes: 1e-9).Run(new Course
        {
            // What lies on the disk here is what is left of a process that is killed here.
            OnStep = progress =>
            {
                if (progress.Step == 5)
                    CopyFolder("whole", "killed");
            },
        });
        var course = new Course();
        Trainer("killed", new CudaDevice(runtime, "cuda:0") { IsMixedPrecision = isMixed }).Run(course);

        Assert.InRange(course.StartedAt!.Value.Steps, 3, 5);
        Assert.True(runtime.CapturedRuns > 0);
        Assert.Equal(File.ReadAllBytes(StateOf("whole")), File.ReadAllBytes(StateOf("killed")));
    }

    [Theory]
    [InlineData(1, false, "adamw")]
    [InlineData(2, false, "adamw")]
    [InlineData(1, true, "adamw")]
    [InlineData(1, false, "one cycle")]
    public void Steps_that_are_repeated_as_a_whole_have_the_bits_of_others(int accumulated, bool isMixed, string rule)
    {
        var runtime = new FibreRuntime(order: 0);
        var course = new Course();
        Trainer("whole", new CudaDevice(runtime, "cuda:0") { IsMixedPrecision = isMixed }, accumulated, rule: rule).Run(course);
        Trainer("single", new CudaDevice(new FibreRuntime(order: 0), "cuda:0") { IsMixedPrecision = isMixed }, accumulated, repeats: false, rule: rule).Run();

        // Of the update, too, nothing is started after the step was taken down.
        Assert.Equal(3, runtime.Launched.Count(kernel => kernel == "adamw"));
        Assert.Equal((8 / accumulated) - 2, runtime.CapturedRuns);
        Assert.Empty(course.Warnings);
        Assert.Equal(File.ReadAllBytes(StateOf("single")), File.ReadAllBytes(StateOf("whole")));
    }

    [Fact]
    public void A_rule_that_takes_its_rates_as_arguments_updates_by_itself_and_is_told_of()
    {
        var runtime = new FibreRuntime(order: 0);
        var course = new Course();
        Trainer("whole", new CudaDevice(runtime, "cuda:0"), rule: "plain").Run(course);
        Trainer("single", FibreDevice.Create(order: 0), repeats: false, rule: "plain").Run();

        Assert.Equal("Steps are not always repeated as a whole, which is slower: PlainDescent takes the rates of a step as arguments.", Assert.Single(course.Warnings));
        Assert.Equal(6, runtime.CapturedRuns);
        Assert.Equal(File.ReadAllBytes(StateOf("single")), File.ReadAllBytes(StateOf("whole")));
    }

    [Fact]
    public void A_step_of_another_shape_begins_anew_and_is_told_of()
    {
        var course = new Course();
        var runtime = new FibreRuntime(order: 0);
        Trainer("whole", new CudaDevice(runtime, "cuda:0"), cutAt: 3).Run(course);
        Trainer("single", FibreDevice.Create(order: 0), repeats: false, cutAt: 3).Run();

        Assert.Equal("Steps are not always repeated as a whole, which is slower: Batches have different shapes.", Assert.Single(course.Warnings));
        Assert.Equal(3, runtime.CapturedRuns); // the third step, and the last two of four after the cut one
        Assert.Equal(File.ReadAllBytes(StateOf("single")), File.ReadAllBytes(StateOf("whole")));
    }

    private void CopyFolder(string from, string to)
    {
        string target = Directory.CreateDirectory(Path.Combine(_folder, to)).FullName;
        foreach (string file in Directory.EnumerateFiles(Path.Combine(_folder, from)))
        {
            // The run still writes to its log.
            using FileStream source = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite), copy = File.Create(Path.Combine(target, Path.GetFileName(file)));
            source.CopyTo(copy);
        }
    }

    private string StateOf(string name) => Path.Combine(_folder, name, "resume.safetensors");

    private static double[] Weights(Checkpoint state) => [.. state.Entries.Where(entry => entry.Name.StartsWith("model.", StringComparison.Ordinal)).SelectMany(entry =>
    {
        var values = new float[entry.Shape.Count];
        entry.ReadFloat32(values);
        return values.Select(value => (double)value);
    })];

    private Trainer Trainer(string name, Device device, int accumulated = 1, bool repeats = true, int? cutAt = null, double saveMinutes = 5, string rule = "adamw")
    {
        var task = new SequenceTask(device) { CutAt = cutAt };
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Split(task.Model, weightDecay: 0.01);
        return new Trainer(task, new TrainerOptions
        {
            Epochs = 1,
            AccumulationSteps = accumulated,
            RepeatsSteps = repeats,
            Optimizer = rule == "plain" ? new PlainDescent(groups) : new AdamW(groups),
            Schedule = rule == "one cycle" ? OneCycleSchedule.FromPeak(0.01, warmup: 3, total: 8) : new CosineSchedule(0.01, 0, 1e-4, WarmupSteps: 2, TotalSteps: 8),
            ClipGradient = 1,
            EmaDecay = 0.9,
            EmaWarmsUp = true,
            PrintEvery = 2,
            SaveMinutes = saveMinutes,
        }, Path.Combine(_folder, name));
    }

    // A rule as one writes it who knows nothing of repeated steps.
    private sealed class PlainDescent(IEnumerable<ParameterGroup> groups) : Optimizer(groups)
    {
        protected override (string Name, Tensor Tensor)[] StateOf(Parameter parameter) => [("velocity", Tensor.Zeros(parameter.Shape, parameter.Device))];

        protected override void Update(ReadOnlySpan<OptimizedParameter> parameters, double learningRate)
        {
            var entries = new List<SgdEntry>();
            foreach (OptimizedParameter parameter in parameters)
                entries.Add(new SgdEntry(parameter.Parameter, parameter.Parameter.Grad!, parameter.State[0].Tensor, learningRate, parameter.Group.WeightDecay));
            MultiTensor.Sgd(entries, new SgdStep(0.9, Nesterov: false));
        }
    }
}
