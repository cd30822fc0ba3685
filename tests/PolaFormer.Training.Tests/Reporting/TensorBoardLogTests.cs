using System.Buffers.Binary;
using PolaFormer.Training.Reporting;
using PolaFormer.Training.Reporting.Events;

namespace PolaFormer.Training.Tests.Reporting;

public sealed class TensorBoardLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // The check value of CRC-32C, masked by hand: E3069283 turned right by 15 bits, plus A282EAD8.
    [Fact]
    public void TheChecksumIsMaskedCrc32C() => Assert.Equal(unchecked(0x2507C60D + 0xA282EAD8), EventFile.MaskedCrc("123456789"u8));

    [Fact]
    public void AFileOpensWithItsVersionAndTheTime()
    {
        Event first = Read(Write())[0];
        Assert.Equal(("brain.Event:2", 1_700_000_000.5), (first.FileVersion, first.WallTime));
    }

    [Fact]
    public void CurvesStandAtTheStepOfTheRun()
    {
        List<Event> events = Read(Write(isAveraged: true));
        Assert.Equal([(5L, 2.0f / 5), (10, 2.0f / 10), (15, 2.0f / 15), (20, 2.0f / 20)], Points(events, "train/loss"));
        Assert.Equal([(10L, 0.25f), (20, 0.5f)], Points(events, "val/top1"));
        Assert.Equal([(10L, 0.3f), (20, 0.6f)], Points(events, "ema/top1"));
        Assert.All(["train/top1", "train/lr", "train/grad_norm", "train/images_per_second"], tag => Assert.Equal(4, Points(events, tag).Count));
    }

    [Fact]
    public void ARunWithoutAveragedWeightsHasNoCurvesOfThem() => Assert.Empty(Points(Read(Write()), "ema/top1"));

    [Fact]
    public void AContinuedRunWritesAnotherFileThatOpensWithAStart()
    {
        string first = Write();
        string second = Write(from: 2, resumedFrom: "resume.safetensors");
        Assert.True(string.CompareOrdinal(first, second) < 0);
        Event start = Read(second)[1];
        Assert.Equal((11, SessionLog.Types.SessionStatus.Start), (start.Step, start.SessionLog.Status));
    }

    [Fact]
    public void AFileThatCouldNotBeMadeIsMadeLater()
    {
        string folder = _folder["absent"];
        var log = new TensorBoardLog(folder, every: 5, new StoppedClock());
        Assert.Throws<DirectoryNotFoundException>(() => log.RunStarted(SampleRun.Start(1, 0, "resume.safetensors")));
        Assert.Throws<DirectoryNotFoundException>(() => log.StepDone(SampleRun.Step(2, 5)));
        Directory.CreateDirectory(folder);
        log.StepDone(SampleRun.Step(2, 10));
        List<Event> events = Read(Directory.GetFiles(folder).Single());
        Assert.Equal((11, SessionLog.Types.SessionStatus.Start), (events[1].Step, events[1].SessionLog.Status));
        Assert.Equal([(20L, 2.0f / 20)], Points(events, "train/loss"));
    }

    [Fact]
    public void ANameThatIsTakenByAFolderIsLeftToIt()
    {
        Directory.CreateDirectory(_folder["events.out.tfevents.1700000000.polaformer"]);
        Assert.EndsWith("1700000001.polaformer", Write(), StringComparison.Ordinal);
    }

    private string Write(int from = 1, bool isAveraged = false, string? resumedFrom = null)
    {
        string[] before = Directory.GetFiles(_folder.Path);
        SampleRun.Tell(new TensorBoardLog(_folder.Path, every: 5, new StoppedClock()), from, to: 2, isAveraged: isAveraged, resumedFrom: resumedFrom);
        return Directory.GetFiles(_folder.Path).Except(before).Single();
    }

    private static List<(long Step, float Value)> Points(List<Event> events, string tag) =>
        [.. events.Where(entry => entry.Summary is not null).SelectMany(entry => entry.Summary.Value.Where(value => value.Tag == tag).Select(value => (entry.Step, value.SimpleValue)))];

    // Takes the frames apart and checks both sums of each.
    private static List<Event> Read(string path)
    {
        var events = new List<Event>();
        ReadOnlySpan<byte> rest = File.ReadAllBytes(path);
        while (!rest.IsEmpty)
        {
            int length = (int)BinaryPrimitives.ReadInt64LittleEndian(rest);
            Assert.Equal(EventFile.MaskedCrc(rest[..8]), BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]));
            Assert.Equal(EventFile.MaskedCrc(rest.Slice(12, length)), BinaryPrimitives.ReadUInt32LittleEndian(rest[(12 + length)..]));
            events.Add(Event.Parser.ParseFrom(rest.Slice(12, length)));
            rest = rest[(16 + length)..];
        }

        return events;
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_500);
    }
}
