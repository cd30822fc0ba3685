using PolaFormer.Distributed;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Segmentation.Training;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Segmentation.Tests;

public sealed class SegmentationTaskTests : IDisposable
{
    private static readonly SegmentationRecipe s_recipe = new() { Iterations = 60, LearningRate = 3e-3, WarmupIterations = 5 };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("polaformer-segmentation-task-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void ARunLearnsAndItsBestNetworkSegments()
    {
        SegmentationTask task = Make(SegmenterRegistry.Find("polapp_nano_ham").Config.WithClasses(3));
        Assert.True(new Trainer(task, s_recipe.ToOptions(task, 1), _folder.FullName).Run());
        Assert.True(task.LastEvaluation!.Scores.MeanIoU > 0.6, $"{task.LastEvaluation.Scores.MeanIoU}");
        ImageSegmenter segmenter = ImageSegmenter.Load(Path.Combine(_folder.FullName, "best.safetensors"));
        Assert.Equal(["ground", "red", "green"], segmenter.Classes.Names);
        SegmentationEvaluation again = SegmentationEvaluation.Run(task.Network, new SyntheticScenes(4), segmenter.Pipeline)!;
        Assert.Equal(4, again.Images.Count);
        Assert.Equal(4 * 96 * 96, again.Confusion.Cast<long>().Sum());
    }

    // Without augmentation and dropout a network overfits to given pictures.
    [Fact]
    public void ARunLearnsPicturesByHeart()
    {
        SegmenterConfig config = SegmenterRegistry.Find("polapp_nano_ham").Config.WithClasses(3);
        var scenes = new SyntheticScenes(2);
        var task = new SegmentationTask(new SegmentationTaskOptions
        {
            Name = "tiny",
            Config = config.WithoutDropout(),
            Classes = new ClassNames(["ground", "red", "green"]),
            Train = scenes,
            Evaluation = scenes,
            Pipeline = new TrainingPipeline { Scale = (384, 96), CropHeight = 96, CropWidth = 96, Ratio = (1, 1), MaxClassShare = 1, FlipChance = 0, DistortsColors = false },
            TestPipeline = new TestPipeline { Scale = (384, 96) },
            BatchSize = 2,
            Interval = 100,
            Seed = 3,
        });
        Assert.True(new Trainer(task, (s_recipe with { Iterations = 100 }).ToOptions(task, 1), _folder.FullName).Run());
        Assert.True(task.LastEvaluation!.Scores.MeanIoU > 0.95, $"{task.LastEvaluation.Scores.MeanIoU}");
    }

    [Fact]
    public void AStoppedRunEndsWithTheBitsOfOneThatWasNotStopped()
    {
        SegmentationRecipe recipe = s_recipe with { Iterations = 12 };
        string whole = Path.Combine(_folder.FullName, "whole"), parts = Path.Combine(_folder.FullName, "parts");
        SegmentationTask task = Make(interval: 4);
        Assert.True(new Trainer(task, recipe.ToOptions(task, 1), whole).Run());

        using var stop = new CancellationTokenSource();
        SegmentationTask first = Make(interval: 4);
        Assert.False(new Trainer(first, recipe.ToOptions(first, 1), parts).Run(new StopsAt(6, stop), stop.Token));
        SegmentationTask second = Make(interval: 4);
        Assert.True(new Trainer(second, recipe.ToOptions(second, 1), parts).Run());
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, "last.safetensors")), File.ReadAllBytes(Path.Combine(parts, "last.safetensors")));
    }

    [Fact]
    public void ATrainingByManyWorkersHasTheBitsOfOne()
    {
        SegmentationRecipe recipe = s_recipe with { Iterations = 12 };
        Assert.Equal(Trained(1), Trained(2));

        byte[] Trained(int workers)
        {
            string folder = Path.Combine(_folder.FullName, $"{workers}");
            Assert.All(LocalGroup.Run(workers, worker =>
            {
                SegmentationTask task = Make(interval: 4);
                return new Trainer(task, recipe.ToOptions(task, 1) with { MicroBatches = 2, Workers = worker }, folder).Run();
            }), Assert.True);
            return File.ReadAllBytes(Path.Combine(folder, "resume.safetensors"));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void AnEvaluationByManyWorkersHasTheBitsOfOne(int workers)
    {
        SegmentationEvaluation one = Evaluate(WorkerGroup.Single);
        Assert.All(LocalGroup.Run(workers, Evaluate), shared =>
        {
            Assert.Equal(one.ToEvaluation().Metrics.ToString(), shared.ToEvaluation().Metrics.ToString());
            Assert.Equal(one.Confusion, shared.Confusion);
            Assert.Equal(one.Images, shared.Images);
        });

        static SegmentationEvaluation Evaluate(WorkerGroup worker)
        {
            SegmentationTask task = Make();
            return SegmentationEvaluation.Run(task.Network, new SyntheticScenes(5), task.Options.TestPipeline, workers: worker)!;
        }
    }

    [Theory]
    [InlineData("AUG.MIXUP", "0.5")]
    [InlineData("MODEL.NUM_CLASSES", "3")]
    [InlineData("TRAIN.WARMUP_EPOCHS", "5")]
    [InlineData("TRAIN.OPTIMIZER.NAME", "sgd")]
    [InlineData("DETECTION.FLIP", "False")]
    public void KeysThatASegmentationNetworkDoesNotUseAreRefused(string key, string value)
    {
        TrainingConfig config = ConfigurationReader.Read(null, ["MODEL.TYPE", "polapp_nano_ham", key, value], SegmentationTrainer.Publish);
        var error = Assert.Throws<ConfigurationException>(() => SegmentationTrainer.Create(config, _folder.FullName));
        Assert.StartsWith($"{key}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("has no effect on this training of a segmentation network", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void IterationsAreWholeIntervals()
    {
        SegmentationTask task = Make(interval: 7);
        Assert.Contains("60 iterations", Assert.Throws<ArgumentException>(() => s_recipe.ToOptions(task)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void KeysGiveTheFactorsOfTheLongestThatMatches()
    {
        var keys = new CustomKeys(SegmentationRecipe.PlusPlus.Keys);
        Assert.Equal(new CustomKey(10, 1), keys.Of("decode_head.squeeze.norm.weight"));
        Assert.Equal(new CustomKey(1, 0), keys.Of("backbone.extra_norms.0.norm.weight"));
        Assert.Equal(new CustomKey(1, 1), keys.Of("backbone.layers.0.blocks.0.pos.weight"));
    }

    private static SegmentationTask Make(SegmenterConfig? config = null, int interval = 30) => new(new SegmentationTaskOptions
    {
        Name = "tiny",
        Config = config ?? TinySegmenter.LightHam(3),
        Classes = new ClassNames(["ground", "red", "green"]),
        Train = new SyntheticScenes(16),
        Evaluation = new SyntheticScenes(4),
        Pipeline = new TrainingPipeline { Scale = (256, 64), CropHeight = 64, CropWidth = 64 },
        TestPipeline = new TestPipeline { Scale = (256, 64) },
        BatchSize = 4,
        Interval = interval,
        Seed = 3,
    });

    private sealed class StopsAt(int step, CancellationTokenSource stop) : ITrainingObserver
    {
        private int _steps;

        public void StepDone(TrainingProgress progress)
        {
            if (++_steps == step)
                stop.Cancel();
        }
    }
}
