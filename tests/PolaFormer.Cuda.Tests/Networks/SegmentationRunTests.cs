using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Tests;
using PolaFormer.Segmentation.Training;
using PolaFormer.Tensors;
using PolaFormer.Training;
using PolaFormer.Training.Tests;

namespace PolaFormer.Cuda.Tests.Networks;

/// <summary>That training a segmentation network on the kernels is repeated as a whole, with the same bits, and measured as on the processor.</summary>
public sealed class SegmentationRunTests : IDisposable
{
    private const int Side = 32, Steps = 3;

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("light ham")]
    [InlineData("upernet")]
    public void Steps_that_are_repeated_as_a_whole_have_the_bits_of_others(string network)
    {
        var runtime = new FibreRuntime(order: 0);
        var course = new Course();
        Trainer("whole", network, new CudaDevice(runtime, "cuda:0")).Run(course);
        Trainer("single", network, FibreDevice.Create(order: 0), repeats: false).Run();

        Assert.Empty(course.Warnings);
        Assert.Equal(Steps - 2, runtime.CapturedRuns);
        Assert.Equal(File.ReadAllBytes(StateOf("single")), File.ReadAllBytes(StateOf("whole")));
    }

    private string StateOf(string name) => Path.Combine(_folder, name, "resume.safetensors");

    private Trainer Trainer(string name, string network, Device device, bool repeats = true)
    {
        var scenes = new SyntheticScenes(3, Side);
        var task = new SegmentationTask(
            new SegmentationTaskOptions
            {
                Name = "tiny",
                Config = TinySegmenter.All[network].WithClasses(3),
                Classes = ClassNames.Numbered(3),
                Train = scenes,
                Evaluation = new SyntheticScenes(1, Side),
                Pipeline = new TrainingPipeline { Scale = (4 * Side, Side), CropHeight = Side, CropWidth = Side },
                TestPipeline = new TestPipeline { Scale = (4 * Side, Side) },
                BatchSize = 2,
                Interval = Steps,
                Seed = 3,
            },
            device);
        TrainerOptions options = new SegmentationRecipe { Iterations = Steps, LearningRate = 3e-3, WarmupIterations = 2 }.ToOptions(task, 1);
        return new Trainer(task, repeats ? options : options with { RepeatsSteps = false }, Path.Combine(_folder, name));
    }
}
