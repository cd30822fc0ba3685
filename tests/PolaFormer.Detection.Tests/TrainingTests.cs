using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Data;
using PolaFormer.Detection.Masks;
using PolaFormer.Detection.Training;
using PolaFormer.Distributed;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;
using PolaFormer.Vision;

namespace PolaFormer.Detection.Tests;

public class TrainingTests
{
    private static readonly PolaFormerPlusPlusConfig s_network = new() { EmbedDims = [8, 8, 16, 16], Depths = [1, 1, 1, 1], NumHeads = [1, 1, 2, 2], MlpRatios = [1, 1, 1, 1] };

    [Fact]
    public void Batches_hold_one_orientation_and_every_image()
    {
        CocoImage[] images = [.. Enumerable.Range(0, 11).Select(i => new CocoImage(i, $"{i}.jpg", i % 3 == 0 ? 50 : 30, 40))];
        var order = new BatchOrder(images, 2, 5);
        int[][] batches = order.Of(3);
        Assert.Equal(order.Count, batches.Length);
        Assert.All(batches, batch => Assert.Single(batch.Select(i => images[i].Width > images[i].Height).Distinct()));
        Assert.Equal(images.Length, batches.SelectMany(batch => batch).Distinct().Count());
        Assert.Equal(batches, order.Of(3));
        Assert.NotEqual(batches, order.Of(4));
    }

    [Fact]
    public void Permutations_follow_from_the_step()
    {
        RandomStep before = RandomStep.Current;
        try
        {
            RandomStep.Current = new RandomStep(1, 7);
            int[] first = new SampledPermutations().Next(100);
            Assert.Equal(first, new SampledPermutations().Next(100));
            Assert.Equal(Enumerable.Range(0, 100), first.Order());
            RandomStep.Current = new RandomStep(1, 8);
            Assert.NotEqual(first, new SampledPermutations().Next(100));
        }
        finally
        {
            RandomStep.Current = before;
        }
    }

    [Fact]
    public void A_run_ends_with_a_checkpoint_that_detects()
    {
        string folder = Directory.CreateTempSubdirectory("polaformer").FullName;
        try
        {
            var data = new Squares();
            var task = new DetectionTask(new DetectionTaskOptions
            {
                Name = "tiny",
                Config = DetectorParts.Retina(s_network, classes: 1),
                Train = data,
                Evaluation = data,
                Pipeline = new DetectionPipeline([new FlipStep()]),
                Scale = (64, 64),
            });
            Assert.True(new Trainer(task, new DetectionRecipe { Epochs = 1, WarmupSteps = 0 }.ToOptions(task) with { PrintEvery = 1 }, folder).Run());
            Assert.Contains("loss_cls", task.LossTerms.Select(term => term.Name));
            Assert.Contains("\"loss_cls\"", File.ReadAllText(Path.Combine(folder, "log.jsonl")), StringComparison.Ordinal);
            ObjectDetector detector = ObjectDetector.Load(Path.Combine(folder, "last.safetensors"), threshold: 0);
            Assert.Equal("square", detector.Categories[0].Name);
            using Image photo = new(64, 64);
            Assert.All(detector.Detect(photo).Boxes, box => Assert.InRange(box.X2, 0, 64));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_training_by_many_workers_has_the_bits_of_one()
    {
        string folder = Directory.CreateTempSubdirectory("polaformer").FullName;
        try
        {
            byte[] one = Trained(1);
            Assert.Equal(one, Trained(2));
            Assert.Equal(one, Trained(4));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        byte[] Trained(int workers)
        {
            var data = new Squares();
            string run = Path.Combine(folder, $"{workers}");
            Assert.All(LocalGroup.Run(workers, worker =>
            {
                var task = new DetectionTask(new DetectionTaskOptions
                {
                    Name = "tiny",
                    Config = DetectorParts.Retina(s_network, classes: 1, channels: 8, convolutions: 1),
                    Train = data,
                    Evaluation = data,
                    Pipeline = new DetectionPipeline([new FlipStep()]),
                    Scale = (64, 64),
                    BatchSize = 1,
                    Repeats = 3,
                });
                return new Trainer(task, new DetectionRecipe { Epochs = 1, WarmupSteps = 0 }.ToOptions(task) with { MicroBatches = 4, Workers = worker }, run).Run();
            }), Assert.True);
            return File.ReadAllBytes(Path.Combine(run, "resume.safetensors"));
        }
    }

    [Theory]
    [InlineData("AUG.MIXUP", "0.5")]
    [InlineData("MODEL.NUM_CLASSES", "3")]
    [InlineData("TRAIN.WARMUP_EPOCHS", "5")]
    [InlineData("TRAIN.MIN_LR", "0")]
    [InlineData("TRAIN.OPTIMIZER.MOMENTUM", "0.5")]
    [InlineData("SEGMENTATION.POWER", "2")]
    [InlineData("DETECTION.SCENES", "10")]
    [InlineData("DETECTION.SIZES", "[64, 96]", "DETECTION.MULTI_SCALE", "True")]
    [InlineData("DETECTION.IMAGES", "[1]", "DATA.DATASET", "shapes")]
    public void Keys_that_a_training_does_not_use_are_refused(string key, string value, params string[] others)
    {
        TrainingConfig config = ConfigurationReader.Read(null, ["MODEL.TYPE", "retinanet_nano", key, value, .. others], DetectionTrainer.Publish);
        var error = Assert.Throws<ConfigurationException>(() => DetectionTrainer.Create(config, "run"));
        Assert.StartsWith($"{key}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("has no effect on this training of a detector", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_rate_falls_to_zero_where_that_is_asked_for()
    {
        var data = new Squares();
        var task = new DetectionTask(new DetectionTaskOptions { Name = "tiny", Config = DetectorParts.Retina(s_network, classes: 1), Train = data, Evaluation = data });
        DetectionRecipe recipe = new() { Epochs = 10, WarmupSteps = 0, BaseRate = 1, FallsSteadily = true };
        LearningRateSchedule schedule = recipe.ToOptions(task).Schedule;
        Assert.Equal([1, 0.5, 0], [schedule.RateOf(0), schedule.RateOf(5 * task.BatchesPerEpoch), schedule.RateOf(10 * task.BatchesPerEpoch)]);
    }

    [Fact]
    public void Given_images_are_learnt_and_measured()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("polaformer");
        try
        {
            foreach (string name in (string[])["train2017", "val2017", "annotations"])
                folder.CreateSubdirectory(name);
            using (var photo = new Image(40, 40))
            {
                foreach (int i in (int[])[3, 5, 8])
                    File.WriteAllBytes(Path.Combine(folder.FullName, "val2017", $"{i}.png"), ImageEncoder.Png(photo));
            }

            File.WriteAllText(Path.Combine(folder.FullName, "annotations", "instances_val2017.json"), """
                {"images": [{"id": 3, "file_name": "3.png", "width": 40, "height": 40}, {"id": 5, "file_name": "5.png", "width": 40, "height": 40}, {"id": 8, "file_name": "8.png", "width": 40, "height": 40}],
                 "annotations": [{"id": 1, "image_id": 8, "category_id": 1, "bbox": [1, 1, 20, 20], "area": 400, "iscrowd": 0, "segmentation": [[1, 1, 21, 1, 21, 21, 1, 21]]}],
                 "categories": [{"id": 1, "name": "square"}]}
                """);
            TrainingConfig config = ConfigurationReader.Read(null, ["DATA.DATA_PATH", folder.FullName, "DETECTION.IMAGES", "[8, 3]"]);
            var data = DetectionData.Open(config);
            Assert.Equal([8, 3], data.Train.Images.Select(image => image.Id));
            Assert.Same(data.Train, data.Evaluation);
            config.Detection.Images = [8, 4];
            Assert.Contains("no image 4", Assert.Throws<ConfigurationException>(() => DetectionData.Open(config)).Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // Bright squares on dark ground.
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void Many_workers_measure_what_one_does(int workers)
    {
        var data = new Squares();
        DetectionMeasurement one = Measure(WorkerGroup.Single);
        Assert.All(one.Found, found => Assert.NotEmpty(found.Boxes));
        Assert.All(LocalGroup.Run(workers, Measure), shared =>
        {
            Assert.Equal(one.ToEvaluation().Metrics.ToString(), shared.ToEvaluation().Metrics.ToString());
            Assert.Equal(one.Found.Select(BytesOf), shared.Found.Select(BytesOf));
        });

        DetectionMeasurement Measure(WorkerGroup worker)
        {
            Detector network = DetectorParts.Retina(s_network, classes: 1, channels: 8, convolutions: 1).Create();
            network.Initialize(1);

            // Else no score is high enough.
            Tensor bias = network.StateDict().Single(entry => entry.Name.EndsWith("retina_cls.bias", StringComparison.Ordinal)).Tensor;
            bias.CopyFrom(Tensor.Zeros(bias.Shape));
            return DetectionMeasurement.Run(network, data, (64, 64), workers: worker)!;
        }
    }

    [Fact]
    public void Detections_with_masks_are_read_as_they_were_written()
    {
        var found = new ImageDetections([new Box(1, 2, 3.5f, 4), new Box(0, 0, 1, float.MaxValue)], [0.75f, 0.1f], [2, 0], [RunLengthMask.FromBox(0, 0, 2, 2, 4, 3), RunLengthMask.FromBox(1, 1, 1, 1, 4, 3)]);
        using var reader = new BinaryReader(new MemoryStream(BytesOf(found)));
        var read = ImageDetections.Read(reader);
        Assert.Equal(found.Boxes, read.Boxes);
        Assert.Equal(found.Scores, read.Scores);
        Assert.Equal(found.Labels, read.Labels);
        Assert.Equal(found.Masks!.Select(mask => mask.ToString()), read.Masks!.Select(mask => mask.ToString()));
    }

    private static byte[] BytesOf(ImageDetections found)
    {
        var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        ImageDetections.Write(writer, found);
        return stream.ToArray();
    }

    private sealed class Squares : IDetectionDataset
    {
        public Squares()
        {
            for (int i = 0; i < 4; i++)
            {
                var image = new CocoImage(i + 1, $"{i}.png", 64, 64);
                image.Annotations.Add(new CocoAnnotation { Id = i + 1, Category = 1, Box = (8 * i, 10, 24, 24), Area = 576 });
                Images.Add(image);
            }

            Annotations = new CocoDataset(Images, CocoCategories.Named(["square"]));
        }

        public List<CocoImage> Images { get; } = [];

        IReadOnlyList<CocoImage> IDetectionDataset.Images => Images;

        public CocoDataset Annotations { get; }

        public AnnotatedImage Read(CocoImage image)
        {
            var photo = new Image(64, 64);
            photo.Pixels.Clear();
            (Box[] boxes, int[] labels, _, _) = Annotations.ObjectsOf(image);
            for (int y = 10; y < 34; y++)
                photo.Row(y).Slice(3 * (int)boxes[0].X1, 72).Fill(255);
            return new AnnotatedImage { Image = photo, Boxes = boxes, Labels = labels, OriginalHeight = 64, OriginalWidth = 64 };
        }
    }
}
