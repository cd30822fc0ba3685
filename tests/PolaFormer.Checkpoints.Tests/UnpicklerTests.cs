using System.Numerics;
using System.Text;
using PolaFormer.Checkpoints.Pickle;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>Pickles written by hand: characters 0 to 255 stand for bytes.</summary>
public class UnpicklerTests
{
    private const string RebuildTensor = "ctorch._utils\n_rebuild_tensor_v2\n";

    [Theory]
    [InlineData("\x80\x02" + "cos\nsystem\nX\x02\0\0\0ls\x85R.", "os.system is not allowed in a checkpoint")]
    [InlineData("\x80\x02" + "cposix\nsystem\n.", "posix.system is not allowed in a checkpoint")]
    [InlineData("\x80\x04\x8c\x08" + "builtins\x8c\x04" + "eval\x93.", "builtins.eval is not allowed in a checkpoint")]
    [InlineData("c__builtin__\ngetattr\n(ccollections\nOrderedDict\nS'clear'\ntR.", "__builtin__.getattr is not allowed in a checkpoint")]
    [InlineData("cbuiltins\ndict.clear\n.", "builtins.dict.clear is not allowed in a checkpoint")]
    [InlineData("ctorch.storage\n_load_from_bytes\n.", "torch.storage._load_from_bytes is not allowed in a checkpoint")]
    [InlineData("cnumpy.testing._private.utils\nrunstring\n.", "runstring is not allowed in a checkpoint")]
    [InlineData("(S'ls'\nios\nsystem\n.", "os.system is not allowed in a checkpoint")]
    [InlineData("\x80\x02\x82\x01.", "opcode 0x82 is not used in checkpoints")]
    public void CodeIsRefusedByName(string pickle, string message) =>
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => Load(pickle)).Message);

    [Fact]
    public void ControlCharactersOfAFileDoNotReachTheTerminal()
    {
        string message = Assert.Throws<CheckpointException>(() => Load("cos.\x1b[2J" + new string('m', 3000) + "\nx\n.")).Message;
        Assert.DoesNotContain('\x1b', message);
        Assert.InRange(message.Length, 100, 1100);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("(.")]
    [InlineData("0.")]
    [InlineData("t.")]
    [InlineData("(0t.")]
    [InlineData("h\0.")]
    [InlineData("Nr\xff\xff\xff\x7f.")]
    [InlineData("X\xff\xff\xff\xff" + "abc.")]
    [InlineData("\x8d\xff\xff\xff\xff\xff\xff\xff\xff" + "abc.")]
    [InlineData("X\x02\0\0\0\xc3\x28.")]
    [InlineData("\x8b\xff\xff\xff\xff.")]
    [InlineData("](K\x01u.")]
    [InlineData(")K\x01" + "a.")]
    [InlineData("}(K\x01u.")]
    [InlineData("\x80\x06N.")]
    [InlineData("K\x01)R.")]
    [InlineData("NQ.")]
    [InlineData("I12x\n.")]
    [InlineData("V\\ud800\n.")]
    [InlineData("c\xff\nx\n.")]
    public void DamageIsReported(string pickle) => Assert.Throws<CheckpointException>(() => Load(pickle));

    [Theory]
    [InlineData("N.", null)]
    [InlineData("I01\n.", true)]
    [InlineData("I-7\n.", -7L)]
    [InlineData("L123456789012L\n.", 123456789012L)]
    [InlineData("F0.5\n.", 0.5)]
    [InlineData("S'a\\n\\x41\\''\n.", "a\nA'")]
    [InlineData("Va\\u00fc\\U0001f600\n.", "aü\U0001f600")]
    [InlineData("M\x01\x02.", 513L)]
    [InlineData("J\xfe\xff\xff\xff.", -2L)]
    [InlineData("\x8a\0.", 0L)]
    [InlineData("\x8a\x01\xff.", -1L)]
    [InlineData("U\x02\xe4" + "b.", "äb")]
    [InlineData("G\x3f\xf8\0\0\0\0\0\0.", 1.5)]
    [InlineData("K\x05q\0" + "0h\0.", 5L)]
    [InlineData("K\x05" + "2.", 5L)]
    [InlineData("(K\x01K\x02" + "1K\x03.", 3L)]
    [InlineData("cnumpy._core.multiarray\nscalar\ncnumpy\ndtype\nU\x02i4\x89\x88\x87R(K\x03U\x01>tbU\x04\0\0\0\x07\x86R.", 7L)]
    public void PlainValuesAreRead(string pickle, object? expected) => Assert.Equal(expected, Load(pickle));

    [Fact]
    public void IntegersBeyond64BitsStayExact() =>
        Assert.Equal(BigInteger.One << 64, Load("\x8a\x09\0\0\0\0\0\0\0\0\x01."));

    [Fact]
    public void PairsGivenToAnOrderedDictAreItsEntries()
    {
        var made = Assert.IsType<PickledDictionary>(Load("ccollections\nOrderedDict\n(((U\x01" + "bK\x01tp0\n(U\x01" + "aK\x02tltR."));
        Assert.Equal(["b", "a"], made.Keys);
    }

    [Fact]
    public void ALaterItemReplacesAnEarlierOneInItsPlace()
    {
        var made = Assert.IsType<PickledDictionary>(Load("}(K\x01K\x0aK\x02K\x0bK\x01K\x0cu."));
        Assert.Equal([1L, 2L], made.Keys);
        Assert.Equal(12L, made[1L]);
    }

    [Fact]
    public void ObjectsOfProtocolsBelow2AreDictionaries()
    {
        var made = Assert.IsType<PickledDictionary>(Load("ccopy_reg\n_reconstructor\n(cargparse\nNamespace\nc__builtin__\nobject\nNtR(dS'lr'\nF0.1\nsb."));
        Assert.Equal(0.1, made["lr"]);
    }

    [Fact]
    public void NeitherTypesNorPathsAreResolved()
    {
        Assert.Equal("torch.float32", Assert.IsType<PickledType>(Load("ctorch\nfloat32\n.")).Name);
        Assert.Equal(["/", "data"], Assert.IsType<PickledList>(Load("cpathlib\nPosixPath\n(U\x01/U\x04" + "datatR.")));
    }

    [Theory]
    [InlineData("K\0", "K\x02K\x03\x86", "K\x03K\x01\x86", true)]
    [InlineData("K\x02", "K\x02K\x02\x86", "K\x02K\x01\x86", true)]
    [InlineData("K\x03", "K\x02K\x02\x86", "K\x02K\x01\x86", false)]
    [InlineData("K\x06", ")", ")", false)]
    [InlineData("K\x06", "K\0\x85", "K\x01\x85", true)]
    [InlineData("J\xff\xff\xff\xff", "K\x01\x85", "K\x01\x85", false)]
    [InlineData("K\x05", "K\x02\x85", "J\xff\xff\xff\xff\x85", false)]
    [InlineData("K\0", "K\x02K\x03\x86", "K\x03\x85", false)]
    [InlineData("K\0", "J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x87", "K\0K\0K\0\x87", false)]
    [InlineData("K\0", "J\xff\xff\xff\x7f\x85", "K\0\x85", false)]
    [InlineData("K\0", "J\xff\xff\xff\x7f\x85", "J\xff\xff\xff\x7f\x85", false)]
    [InlineData("K\0", "(K\x01K\x01K\x01K\x01K\x01K\x01K\x01t", "(K\x01K\x01K\x01K\x01K\x01K\x01K\x01t", false)]
    [InlineData("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "K\x01\x85", "K\x01\x85", false)]
    public void TensorsMustLieInTheirStorage(string offset, string size, string stride, bool valid)
    {
        string pickle = RebuildTensor + "((U\x07storagectorch\nFloatStorage\nU\x01" + "0U\x03" + "cpuK\x06tQ" + offset + size + stride + "\x89NtR.";
        if (valid)
            Assert.IsType<StoredTensor>(Load(pickle));
        else
            Assert.Throws<CheckpointException>(() => Load(pickle));
    }

    [Fact]
    public void AViewOfAStorageIsReadAtItsOffset()
    {
        string pickle = RebuildTensor + "((U\x07storagectorch\nFloatStorage\nU\x01" + "0U\x03" + "cpuK\x06(U\x01" + "0K\x02K\x04ttQK\0K\x04\x85K\x01\x85\x89NtR.";
        Assert.Equal(new Shape(4), Assert.IsType<StoredTensor>(Load(pickle)).Shape);
        Assert.Throws<CheckpointException>(() => Load(pickle.Replace("K\x02K\x04tt", "K\x03K\x04tt")));
    }

    [Fact]
    public void AListThatContainsItselfIsCutThere()
    {
        var list = Assert.IsType<PickledList>(Load("]q\0K\x01" + "ah\0" + "a."));
        Assert.Equal(1L, list[0]);
        Assert.Equal("list that contains itself", Assert.IsType<PickledDictionary>(list[1]).TypeName);
    }

    [Fact]
    public void EndlessNestingIsCut()
    {
        object? value = Load(new string(']', 20_000) + new string('a', 19_999) + ".");
        int depth = 0;
        for (; value is PickledList list; value = list[0])
            depth++;
        Assert.InRange(depth, 50, 101);
        Assert.True(Assert.IsType<PickledDictionary>(value).IsUnread);
    }

    [Theory]
    [InlineData("cdatetime\ndatetime\n(C\x02\x07\xeatR.", "datetime.datetime")]
    [InlineData("\x80\x02" + "cdatetime\ntimedelta\nK\x01K\0K\0\x87R.", "datetime.timedelta")]
    [InlineData("cstage\nPhase\nK\x02\x85R.", "stage.Phase")]
    [InlineData("c__builtin__\ngetattr\ncstage\nPhase\nS'TRAIN'\n\x86R.", "stage.Phase.TRAIN")]
    [InlineData("\x80\x02" + "ctrainer\nState\n)\x81}S'lr'\nF0.1\nsb.", "trainer.State")]
    [InlineData("ccopy_reg\n_reconstructor\n(ctrainer\nState\nc__builtin__\nobject\nNtR(dS'lr'\nF0.1\nsb.", "trainer.State")]
    [InlineData("\x80\x02" + "ctrainer\nState\n)\x81N}S'lr'\nF0.1\ns\x86" + "b.", "trainer.State")]
    [InlineData("\x80\x04\x8c\x07trainer\x8c\x05State\x93)}\x92.", "trainer.State")]
    [InlineData("(itrainer\nState\n.", "trainer.State")]
    [InlineData("(ctrainer\nState\nK\x01o.", "trainer.State")]
    [InlineData("ctrainer\nState\n)\x81(K\x01K\x02" + "e.", "trainer.State")]
    [InlineData("cfunctools\npartial\n(ctorch.nn.functional\ngelu\ntR(ctorch.nn.functional\ngelu\n(t(dNtb.", "functools.partial")]
    public void ObjectsOfOtherClassesArePlaceholders(string pickle, string name)
    {
        Unpickler unpickler = new(Encoding.Latin1.GetBytes(pickle), "test", "pickle", new AnyStorage());
        object? value = unpickler.Load();
        Assert.Contains(name, unpickler.NotRead);
        if (value is PickledType type)
            Assert.Equal(name, type.Name);
        else
            Assert.Equal((name, true), value is PickledDictionary made ? (made.TypeName, made.IsUnread) : default);
    }

    [Fact]
    public void ADictionaryOfAnotherClassKeepsItsItems()
    {
        var made = Assert.IsType<PickledDictionary>(Load("\x80\x02" + "ctrainer\nConfig\n)\x81(S'a'\nK\x01S'b'\nK\x02u}S'frozen'\n\x88sb."));
        Assert.Equal(["a", "b"], made.Keys);
    }

    [Fact]
    public void AnAttributeOfAnotherClassIsKept()
    {
        var made = Assert.IsType<PickledDictionary>(Load("\x80\x02" + "ctrainer\nState\n)\x81}S'lr'\nF0.1\nsb."));
        Assert.Equal(0.1, made["lr"]);
    }

    [Theory]
    [InlineData("ccollections\ndeque\n)R(K\x01K\x02" + "e.")]
    [InlineData("ccollections\ndeque\n(]K\x05tR(K\x01K\x02" + "e.")]
    public void ADequeIsAList(string pickle) => Assert.Equal([1L, 2L], Assert.IsType<PickledList>(Load(pickle)));

    [Fact]
    public void NoneMayBeAKey()
    {
        var made = Assert.IsType<PickledDictionary>(Load("}NK\x07s."));
        Assert.Equal(7L, made[PickledNone.Instance]);
    }

    [Fact]
    public void ATensorOfAnUnreadTypeIsAPlaceholder()
    {
        string pickle = RebuildTensor + "((U\x07storagectorch\nComplexFloatStorage\nU\x01" + "0U\x03" + "cpuK\x06tQK\0K\x06\x85K\x01\x85\x89NtR.";
        Assert.Equal("torch.ComplexFloatStorage", Assert.IsType<PickledDictionary>(Load(pickle)).TypeName);
    }

    [Fact]
    public void ATensorOfAClassOfItsOwnIsATensor()
    {
        string parts = "((U\x07storagectorch\nFloatStorage\nU\x01" + "0U\x03" + "cpuK\x06tQK\0K\x06\x85K\x01\x85\x89Nt";
        string pickle = "ctorch._tensor\n_rebuild_from_type_v2\n(" + RebuildTensor + "cmine\nBuffer\n" + parts + "}tR.";
        Assert.Equal(new Shape(6), Assert.IsType<StoredTensor>(Load(pickle)).Shape);
    }

    [Fact]
    public void ALaughThatDoublesIsRefused()
    {
        StringBuilder pickle = new("]q\0");
        for (int i = 1; i < 60; i++)
            pickle.Append($"0](h{(char)(i - 1)}h{(char)(i - 1)}eq{(char)i}");
        Assert.Contains("over and over", Assert.Throws<CheckpointException>(() => Load(pickle + ".")).Message);
    }

    [Fact]
    public void ACopyMadeOverAndOverIsRefused()
    {
        string items = string.Concat(Enumerable.Repeat("N", 5000)), copies = string.Concat(Enumerable.Repeat("h\0h\x01\x85R0", 5000));
        string pickle = $"c__builtin__\nset\nq\0" + $"0({items}lq\x01" + $"0{copies}N.";
        Assert.Contains("over and over", Assert.Throws<CheckpointException>(() => Load(pickle)).Message);
    }

    [Fact]
    public void CollidingKeysTakeNoQuadraticTime()
    {
        // value = high << 32 | high has the runtime's own hash 0, whatever high is.
        StringBuilder pickle = new("}(");
        for (int i = 0; i < 100_000; i++)
        {
            string half = $"{(char)(i & 255)}{(char)((i >> 8) & 255)}{(char)(i >> 16)}\0";
            pickle.Append($"\x8a\x08{half}{half}N");
        }
        Assert.Equal(100_000, Assert.IsType<PickledDictionary>(Load(pickle + "u.")).Count);
    }

    private static object? Load(string pickle) => new Unpickler(Encoding.Latin1.GetBytes(pickle), "test", "pickle", new AnyStorage()).Load();
}
