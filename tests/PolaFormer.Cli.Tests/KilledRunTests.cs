using System.Diagnostics;
using System.Runtime.InteropServices;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cli.Tests;

/// <summary>
/// Runs that are killed and started again, as on machines that fail or are taken away, end with the bits of one that was not. The
/// environment variable of <see cref="KilledRuns.Variable"/> sets how often.
/// </summary>
public sealed class KilledRunTests(KilledRuns runs) : IClassFixture<KilledRuns>
{
    private const int SigHup = 1, SigTerm = 15;

    private readonly Philox _chance = new(20260101, 0);

    [Fact]
    public async Task AtRandomMoments()
    {
        string folder = runs["random"];
        await runs.KillAtRandomMoments(folder, KilledRuns.Kills);
        await runs.Finish(folder);
        runs.AssertSameBits(folder);
        Assert.Equal(Steps(runs.Whole), Steps(folder));
        Tell($"{KilledRuns.Kills} kills at random moments");
    }

    [Fact]
    public async Task InsideSaves()
    {
        string folder = runs["saves"];
        int kills = KilledRuns.Kills * 6 / 10, inside = 0;
        for (uint i = 0; i < kills || inside < kills; i++)
        {
            using Process process = runs.Start(folder, out _);
            inside += await KilledRuns.KillInSave(process, folder, 1 + (int)(3 * _chance.Uniform(i))) ? 1 : 0;
        }

        await runs.Finish(folder);
        runs.AssertSameBits(folder);
        Assert.Equal(Steps(runs.Whole), Steps(folder));
        Tell($"{inside} kills that left a save half done");
    }

    [Fact]
    public async Task WithDamagedStates()
    {
        string folder = runs["damaged"];
        int kills = KilledRuns.Kills * 3 / 10, damaged = 0;
        for (uint i = 0; i < kills; i++)
        {
            using Process process = runs.Start(folder, out Task firstStep);
            if (i % 2 == 0)
            {
                await KilledRuns.KillInSave(process, folder, 1 + (int)(3 * _chance.Uniform(2 * i)));
            }
            else
            {
                await firstStep.WaitAsync(TestContext.Current.CancellationToken);
                await KilledRuns.KillAfter(process, 150 * _chance.Uniform(2 * i));
            }

            damaged += Damage(folder, _chance.Uniform((2 * i) + 1)) ? 1 : 0;
        }

        await runs.Finish(folder);
        runs.AssertSameBits(folder);
        Tell($"{kills} kills, {damaged} of them followed by damage to the last state");
    }

    [Fact]
    public async Task OnAFullDisk()
    {
        using var disk = new SmallDisk();
        string folder = Path.Combine(disk.Path, "run");
        int kills = KilledRuns.Kills * 3 / 10;
        for (uint i = 0; i < kills; i++)
        {
            // Of every two, the second starts on a disk that is still full.
            using Process process = runs.Start(folder, out Task firstStep);
            await firstStep.WaitAsync(TestContext.Current.CancellationToken);
            if (i % 2 == 1)
                disk.Free();
            await Task.Delay((int)(100 * _chance.Uniform(2 * i)), TestContext.Current.CancellationToken);
            disk.Fill();
            await KilledRuns.KillAfter(process, 100 * _chance.Uniform((2 * i) + 1));
            if (i % 2 == 1)
                disk.Free();
        }

        disk.Free();
        await runs.Finish(folder);
        runs.AssertSameBits(folder);
        Tell($"{kills} kills on a full disk, after {runs.FailedSaves} saves that failed");
    }

    [Theory]
    [InlineData(SigTerm)]
    [InlineData(SigHup)]
    public async Task ASignalToStopSavesAndExits(int signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such signals.");
        Assert.SkipWhen(IsIgnored(signal), "The tests were started with this signal ignored, as by nohup, and so are the programs that they start.");
        string folder = runs[$"signal {signal}"];
        using Process process = runs.Start(folder, out _);
        while (!File.Exists(KilledRuns.State(folder)) && !process.HasExited)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.Equal(0, SendSignal(process.Id, signal));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(130, process.ExitCode);
        await runs.Finish(folder);
        runs.AssertSameBits(folder);
    }

    // A line for each record of a step: what the steps of a killed run logged must be there once.
    private static string[] Steps(string folder) =>
        [.. File.ReadLines(Path.Combine(folder, "log.jsonl")).Where(line => line.StartsWith("""{"kind":"step",""", StringComparison.Ordinal)).Select(line => line[..line.IndexOf(",\"images_per_second\"", StringComparison.Ordinal)])];

    // Changes a byte of the last state or cuts it short, where the one before it is there to go back to.
    private static bool Damage(string folder, double where)
    {
        string path = KilledRuns.State(folder);
        if (!File.Exists(path) || !File.Exists(Path.Combine(folder, "resume.previous.safetensors")))
            return false;
        byte[] bytes = File.ReadAllBytes(path);
        int position = (int)(bytes.Length * where);
        bytes[position] ^= 1;
        File.WriteAllBytes(path, position % 2 == 0 ? bytes : bytes[..position]);
        return true;
    }

    // What a process ignores, those it starts ignore, too.
    private static bool IsIgnored(int signal)
    {
        const string Key = "SigIgn:";
        string? line = OperatingSystem.IsLinux() ? File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal)) : null;
        return line is not null && ((Convert.ToUInt64(line[Key.Length..].Trim(), 16) >> (signal - 1)) & 1) != 0;
    }

    private static void Tell(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int process, int signal);
}
